package server

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"

	"creditmsg/internal/attachment"
	"creditmsg/internal/blob"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/site"
)

// BlobConfig says where the bytes of pictures are, which are no rows of the database.
type BlobConfig struct {
	// URL is file:PATH, or s3://HOST/BUCKET with an optional folder behind it, and ?region=…
	// where the service wants one. Default a folder blobs beside the SQLite database,
	// file:data/blobs beside any other.
	URL     Address `yaml:"url" env:"URL"`
	URLFile string  `yaml:"url_file,omitempty" env:"URL_FILE"`
	// AccessKey and SecretKey are those of s3.
	AccessKey     Secret `yaml:"access_key" env:"ACCESS_KEY"`
	AccessKeyFile string `yaml:"access_key_file,omitempty" env:"ACCESS_KEY_FILE"`
	SecretKey     Secret `yaml:"secret_key" env:"SECRET_KEY"`
	SecretKeyFile string `yaml:"secret_key_file,omitempty" env:"SECRET_KEY_FILE"`
	// Shared says that the folder is the same one for all processes, such as one of a network
	// file system. Several processes need that, or s3.
	Shared bool `yaml:"shared" env:"SHARED"`
}

// defaults needs that of the database.
func (b *BlobConfig) defaults(database Address) {
	if b.URL != "" {
		return
	}
	folder := "data"
	if file, is := strings.CutPrefix(string(database), "sqlite:"); is {
		file, _, _ = strings.Cut(file, "?")
		folder = filepath.Dir(file)
	}
	b.URL = Address("file:" + filepath.Join(folder, "blobs"))
}

func (b BlobConfig) options() blob.Options {
	return blob.Options{URL: string(b.URL), AccessKey: string(b.AccessKey), SecretKey: string(b.SecretKey)}
}

// pictures gives the place of pictures, and what is known of them.
func (c Config) pictures(d *db.DB, keys *site.Keys, log *slog.Logger) (*attachment.Service, blob.Store, error) {
	b := c.Blob
	b.defaults(c.Database.URL)
	store, err := blob.Open(b.options())
	if err != nil {
		return nil, nil, fmt.Errorf("open the place of pictures: %w", err)
	}
	return attachment.New(d, keys, store, log), store, nil
}

func (l *loading) checkBlob(b BlobConfig) {
	if err := blob.Valid(b.options()); err != nil {
		l.bad("blob.url", "%v", err)
	}
	if !blob.Shared(b.options()) && (b.AccessKey != "" || b.SecretKey != "") {
		l.bad("blob.access_key", "it belongs to s3, and blob.url is a folder")
	}
}

// apart refuses a folder of one machine where the roles tell that other processes have to read
// what this one writes, or the other way round. On SQLite all processes are on one machine.
func (p *Program) apart() error {
	other := !p.serves() || !p.has(RoleWorker)
	works := p.serves() || p.has(RoleWorker)
	b := p.config.Blob
	if !works || !other || b.Shared || blob.Shared(b.options()) || p.d.Engine() == "sqlite" {
		return nil
	}
	return fault.Check("blob.url", "the roles %s leave pictures to other processes, which may not see the folder of this one: use s3://…, or say blob.shared: true if it is the same folder for all",
		strings.Join(slices.Clone(p.roles), ","))
}
