"""The AWS emulator: how it is started (`launch`), what runs (`server`), what is put right in it (`corrections`)."""
