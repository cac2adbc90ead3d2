"""The four layers of the library: datastore, active record strategy, sequenced item mapper, event store."""
