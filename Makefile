.PHONY: proto
# placeholder, replaced below
proto:
	protoc --proto_path=proto --swift_opt=Visibility=Public --swift_opt=UseAccessLevelOnImports=true \
	    --swift_out=Sources/WatchpostProtobuf watchpost.proto journal.proto
