package server

import (
	"bytes"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/attachment"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
)

func TestPicturesStandBesideTheDatabaseUnlessTheirPlaceIsNamed(t *testing.T) {
	for text, want := range map[string]Address{
		"": "file:data/blobs",
		"database: {url: sqlite:/var/lib/creditmsg/main.db}\n":                      "file:/var/lib/creditmsg/blobs",
		"database: {url: \"sqlite:main.db?x=y/z\"}\n":                               "file:blobs",
		"database: {url: postgres://u@h/d}\n":                                       "file:data/blobs",
		"database: {url: postgres://u@h/d}\nblob: {url: file:/srv, shared: true}\n": "file:/srv",
		"blob: {url: s3://h/bucket, access_key: a, secret_key: b}\n":                "s3://h/bucket",
	} {
		if got, err := load(t, text); err != nil || got.Blob.URL != want {
			t.Errorf("%q: got %q, %v; want %q", text, got.Blob.URL, err, want)
		}
	}
}

func TestAPlaceOfPicturesThatCannotBeIsToldWithoutItsSecret(t *testing.T) {
	for text, want := range map[string]string{
		"blob: {url: data/blobs}\n":                          "creditmsg.yaml:1: blob.url: its scheme is not known; write file:PATH or s3://HOST/BUCKET",
		"blob: {url: \"file:\"}\n":                           "creditmsg.yaml:1: blob.url: the folder is missing; write file:PATH or s3://HOST/BUCKET",
		"blob: {url: s3://h/bucket}\n":                       "creditmsg.yaml:1: blob.url: access_key and secret_key are wanted beside it",
		"blob: {url: s3://A:geheim@h}\n":                     "creditmsg.yaml:1: blob.url: the bucket is missing, or has a name that no bucket has; write file:PATH or s3://HOST/BUCKET",
		"blob: {url: s3://A:geheim@h/bucket?x=y}\n":          `creditmsg.yaml:1: blob.url: "x" behind the ? is not known; there are region and tls`,
		"blob:\n  url: file:/srv\n  access_key: geheim\n":    "creditmsg.yaml:3: blob.access_key: it belongs to s3, and blob.url is a folder",
		"blob: {secret_key: a, secret_key_file: /nowhere}\n": "creditmsg.yaml:1: blob.secret_key_file: give either blob.secret_key or blob.secret_key_file\ncreditmsg.yaml:1: blob.access_key: it belongs to s3, and blob.url is a folder",
	} {
		_, err := load(t, text)
		if got := complaints(t, err); !strings.HasPrefix(want, got) || strings.Contains(got, "geheim") {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestTheKeysOfS3AreReadFromFiles(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{"access": "AKEY\n", "secret": "S/E+C\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := load(t, "blob: {url: s3://h/bucket, access_key_file: "+folder+"/access}\n", "CREDITMSG_BLOB_SECRET_KEY_FILE="+folder+"/secret")
	if err != nil || c.Blob.AccessKey != "AKEY" || c.Blob.SecretKey != "S/E+C" {
		t.Fatalf("got %q and %q, %v", string(c.Blob.AccessKey), string(c.Blob.SecretKey), err)
	}
	if text := c.String(); strings.Contains(text, "S/E+C") || strings.Contains(text, "AKEY") {
		t.Errorf("the printed configuration tells a key: %s", text)
	}
}

func TestProcessesThatShareNoFolderDoNotStart(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			c := testConfig(t)
			c.Database.URL = Address(dbtest.Migrated(t, engine))
			for name, o := range map[string]struct {
				roles  []string
				shared bool
				starts bool
			}{
				"both roles": {[]string{RoleAPI, RoleWorker}, false, true}, "the API alone": {[]string{RoleAPI}, false, engine == "sqlite"},
				"a worker alone": {[]string{RoleWorker}, false, engine == "sqlite"}, "a worker with a shared folder": {[]string{RoleWorker}, true, true},
			} {
				c.Blob.Shared = o.shared
				p, err := Open(t.Context(), c, Options{Roles: o.roles})
				if (err == nil) != o.starts || err != nil && !fault.Is(err, fault.Invalid) {
					t.Errorf("%s: got %v, want started %v", name, err, o.starts)
				}
				if err == nil {
					p.Close()
				} else if !strings.Contains(err.Error(), "blob.shared") {
					t.Errorf("%s: %v does not say what to do", name, err)
				}
			}
		})
	}
}

// picture keeps one of the office's shop.
func (o *office) picture() attachment.Attachment {
	o.Helper()
	o.must(o.keys.Prepare(o.Context())) // as the server does
	var buf bytes.Buffer
	o.must(jpeg.Encode(&buf, image.NewGray(image.Rect(0, 0, 20, 10)), nil))
	a, err := o.pictures.Add(o.Context(), "shop", attachment.Upload{Title: "a.jpg", Content: buf.Bytes()})
	o.must(err)
	return a
}

func TestTheDoctorFindsPicturesThatCannotBeRead(t *testing.T) {
	eachOffice(t, func(o *office) {
		o.finds("pictures", CheckOK, "(0)")
		o.picture()
		o.finds("pictures", CheckOK, "(1)")
		o.must(os.RemoveAll(strings.TrimPrefix(string(o.config.Blob.URL), "file:")))
		o.finds("pictures", CheckWrong, "of site shop", "blob.url", "blob.shared")
		o.config.Blob = BlobConfig{URL: "s3://127.0.0.1:1/bucket?tls=off&region=x", AccessKey: "A", SecretKey: "geheim"}
		p, err := operatorOf(o.config, o.d, nil)
		o.must(err)
		(&office{o.T, p, o.sim, o.pays}).finds("pictures", CheckWrong, "nothing can be kept at s3://127.0.0.1:1/bucket")
	})
}

func TestUpkeepDeletesPicturesThatNoMessageNeeds(t *testing.T) {
	eachOffice(t, func(o *office) {
		a := o.ago(8 * 24 * time.Hour).picture()
		p, err := Open(t.Context(), o.config, Options{Roles: []string{RoleAPI, RoleWorker}})
		o.must(err)
		defer p.Close()
		p.sweep(t.Context())
		err = p.d.View(t.Context(), "test", func(tx *db.Tx) error {
			_, err := p.pictures.Find(tx, a.Name)
			return err
		})
		if !fault.Is(err, fault.NotFound) {
			o.Errorf("after eight days: got %v, want it deleted", err)
		}
		if _, err := p.pictures.Content(t.Context(), a.Name); !fault.Is(err, fault.NotFound) {
			o.Errorf("its content: got %v", err)
		}
	})
}
