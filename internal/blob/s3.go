package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// retries is how often a request is made at most; the library waits a little longer each time.
const retries = 3

// bucket keeps bytes in a bucket of a service that speaks S3.
type bucket struct {
	core   minio.Core
	name   string
	prefix string
}

func openS3(p place) (*bucket, error) {
	client, err := minio.New(p.host, &minio.Options{
		Creds:      credentials.NewStaticV4(p.key, p.secret, ""),
		Secure:     !p.plain,
		Region:     p.region,
		MaxRetries: retries,
	})
	if err != nil {
		return nil, fmt.Errorf("open the bucket %s: %w", p.bucket, err)
	}
	return &bucket{core: minio.Core{Client: client}, name: p.bucket, prefix: p.prefix}, nil
}

// Put uploads the bytes in one request: the service gives them their name when all of them have
// come, and no parts of an upload that broke off are left behind.
func (b *bucket) Put(ctx context.Context, name string, content io.ReadSeeker) error {
	err := checkName(name)
	if err != nil {
		return err
	}
	size, err := sizeOf(content)
	if err == nil {
		o := minio.PutObjectOptions{ContentType: "application/octet-stream", DisableMultipart: true}
		_, err = b.core.Client.PutObject(ctx, b.name, b.prefix+name, content, size, o)
	}
	if err != nil {
		return fmt.Errorf("store %s: %w", name, err)
	}
	return nil
}

// Get downloads the bytes of a name.
func (b *bucket) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	from, _, _, err := b.core.GetObject(ctx, b.name, b.prefix+name, minio.GetObjectOptions{})
	if absent(err) {
		err = ErrMissing
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return from, nil
}

// Delete removes the object of a name.
func (b *bucket) Delete(ctx context.Context, name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	err := b.core.RemoveObject(ctx, b.name, b.prefix+name, minio.RemoveObjectOptions{})
	if err != nil && !absent(err) {
		return fmt.Errorf("delete %s: %w", name, err)
	}
	return nil
}

// absent reports whether a service says that there is no such object. That there is no such
// bucket is another matter.
func absent(err error) bool {
	e, ok := errors.AsType[minio.ErrorResponse](err)
	return ok && e.Code == minio.NoSuchKey
}

// List asks for the objects a page at a time.
func (b *bucket) List(ctx context.Context, under string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		from := b.prefix
		if under != "" {
			if err := checkName(under); err != nil {
				yield(Info{}, fmt.Errorf("list %q: %w", under, err))
				return
			}
			from += under + "/"
		}
		for o := range b.core.ListObjectsIter(ctx, b.name, minio.ListObjectsOptions{Prefix: from, Recursive: true}) {
			if o.Err != nil {
				yield(Info{}, fmt.Errorf("list %q: %w", under, o.Err))
				return
			}
			if !yield(Info{Name: strings.TrimPrefix(o.Key, b.prefix), Size: o.Size, At: o.LastModified.UTC()}, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(Info{}, fmt.Errorf("list %q: %w", under, err))
		}
	}
}
