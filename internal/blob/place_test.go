package blob

import (
	"strings"
	"testing"
)

func TestAddressesMeanPlaces(t *testing.T) {
	for address, want := range map[string]place{
		"file:data/blobs":         {folder: "data/blobs"},
		"file:/var/lib/creditmsg": {folder: "/var/lib/creditmsg"},
		"file:///var/lib/x":       {folder: "/var/lib/x"},
		"s3://A:B%2F+@s3.ap-northeast-2.amazonaws.com/my-bucket?region=ap-northeast-2": {
			host: "s3.ap-northeast-2.amazonaws.com", bucket: "my-bucket", region: "ap-northeast-2", key: "A", secret: "B/+"},
		"s3://A:B@127.0.0.1:9000/my-bucket/a/b/?tls=off": {host: "127.0.0.1:9000", bucket: "my-bucket", prefix: "a/b/", key: "A", secret: "B", plain: true},
	} {
		if got, err := read(Options{URL: address}); err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", address, got, err, want)
		}
	}
	if got, err := read(Options{URL: "s3://h/my-bucket", AccessKey: "K", SecretKey: "S"}); err != nil || got.key != "K" || got.secret != "S" {
		t.Errorf("keys beside the address: got %+v, %v", got, err)
	}
	if Shared(Options{URL: "file:x"}) || !Shared(Options{URL: "s3://h/b"}) {
		t.Error("a bucket can be shared by its address, a folder not")
	}
}

func TestAnAddressThatMeansNoPlaceIsToldWithoutItsSecret(t *testing.T) {
	for address, want := range map[string]string{
		"":                                 "scheme",
		"data/blobs":                       "scheme",
		"ftp://host/bucket":                "scheme",
		"file:":                            "folder is missing",
		"file:///":                         "folder is missing",
		"s3://A:hidden@/bucket":            "host is missing",
		"s3://A:hidden@host":               "bucket is missing",
		"s3://A:hidden@host/B":             "bucket is missing",
		"s3://host/my-bucket":              "access_key and secret_key",
		"s3://A:hid/den@host/my-bucket":    "not a URL",
		"s3://A:hidden@host/my-bucket/../": "folder in the bucket",
		"s3://A:hidden@host/my-bucket?x=y": "region and tls",
	} {
		err := Valid(Options{URL: address})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hid") {
			t.Errorf("%q: got %v, want it to say %q and not the secret", address, err, want)
		}
	}
}
