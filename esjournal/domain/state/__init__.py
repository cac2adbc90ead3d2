"""The JSON of a state: reading it, comparing it, and finding a value in it.

Two states are equal if `values.comparable` is equal. `equality` uses it only for the members whose texts differ.

What reads JSON, and why it is not one of the others:

- `jsontext.check` builds no values, which take up to 30 times the memory of a text. It only says whether it is valid.
- `batchcheck` does the same for a batch of states in a third of the time.
- `members` keeps the text of each value, to compare and to copy what nobody needs to parse.
- `values` keeps numbers as they are written: 1.10 is not 1.1, and integers may have any size.
- `infrastructure.transcoding` gives Python's own values, as event classes have them.
- `interchange.ndjson` and `interchange.seals` read lines of a known form, each with msgspec's decoder for that form.
- `json.loads` reads what is small: cursors, names in paths, and the time in another library's state, with NaN.
"""
