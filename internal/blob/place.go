package blob

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"
)

// Options say where bytes are kept.
type Options struct {
	// URL is file:PATH, or s3://HOST/BUCKET with an optional folder in the bucket behind it.
	// ?region=… names the region where the service wants one, ?tls=off speaks HTTP without
	// TLS, for a service on the same machine.
	URL string

	// AccessKey and SecretKey are those of S3; a login in the URL counts where they are empty.
	AccessKey, SecretKey string
}

// place is a URL that was read.
type place struct {
	folder string // of file:

	host, bucket, prefix, region string // of s3:; the prefix ends in a slash, or is empty
	key, secret                  string
	plain                        bool // without TLS
}

const forms = "write file:PATH or s3://HOST/BUCKET"

// bucketForm is what all services take as a name.
var bucketForm = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// Valid says what is wrong with options, without looking whether anything is there.
func Valid(o Options) error {
	_, err := read(o)
	return err
}

// Shared reports whether other processes can be given what is kept there by its address
// alone; a folder has to be the same for all of them.
func Shared(o Options) bool { return strings.HasPrefix(o.URL, "s3:") }

func read(o Options) (place, error) {
	scheme, rest, found := strings.Cut(o.URL, ":")
	switch {
	case scheme == "file" && found:
		folder := rest
		if strings.HasPrefix(rest, "//") { // file:///var/lib, as browsers write it
			folder = strings.TrimPrefix(rest, "//")
		}
		if strings.TrimLeft(folder, "/") == "" {
			return place{}, errors.New("the folder is missing; " + forms)
		}
		return place{folder: folder}, nil
	case scheme == "s3" && found:
		return readS3(o)
	}
	return place{}, errors.New("its scheme is not known; " + forms)
}

// readS3 never repeats the address in an error: it may hold a secret.
func readS3(o Options) (place, error) {
	u, err := url.Parse(o.URL)
	if err != nil {
		return place{}, errors.New("it is not a URL; a secret key with special characters is percent-encoded there (/ is %2F), or stands in secret_key")
	}
	bucket, prefix, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	p := place{host: u.Host, bucket: bucket, region: u.Query().Get("region"), plain: u.Query().Get("tls") == "off", key: o.AccessKey, secret: o.SecretKey}
	if u.User != nil && p.key == "" && p.secret == "" {
		p.key = u.User.Username()
		p.secret, _ = u.User.Password()
	}
	if prefix != "" {
		p.prefix = path.Clean(prefix) + "/"
	}
	for name := range u.Query() {
		if name != "region" && name != "tls" {
			return place{}, fmt.Errorf("%q behind the ? is not known; there are region and tls", name)
		}
	}
	switch {
	case p.host == "":
		return place{}, errors.New("the host is missing, such as s3.ap-northeast-2.amazonaws.com; " + forms)
	case !bucketForm.MatchString(p.bucket):
		return place{}, errors.New("the bucket is missing, or has a name that no bucket has; " + forms)
	case p.prefix != "" && checkName(strings.TrimSuffix(p.prefix, "/")) != nil:
		return place{}, errors.New("the folder in the bucket takes small letters, digits, _, - and dots")
	case p.key == "" || p.secret == "":
		return place{}, errors.New("access_key and secret_key are wanted beside it")
	}
	return p, nil
}

// Open gives the store of an address. A folder is made when something is stored; a bucket
// has to be there.
func Open(o Options) (Store, error) {
	p, err := read(o)
	if err != nil {
		return nil, err
	}
	if p.folder != "" {
		return openDir(p.folder)
	}
	return openS3(p)
}
