module kmigrate.dev/tests/godecoder

go 1.17
