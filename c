{"journal_id": "3e015b4e-9ec5-4d20-a5a2-0e4ab1cc1069", "global_position": 9, "event_sha256": "0abee0038336a9b9af7f04b677d539bb26d659db2274018f3f7ce86d472aa5e9"}
