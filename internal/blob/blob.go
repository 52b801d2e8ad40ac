package blob

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"iter"
	"regexp"
	"time"
)

// Store keeps bytes by name. Its methods may be called at once from many goroutines and
// processes, also about the same name; of two Puts of one name either one's bytes stand
// afterwards.
//
// A name is one to ten parts of small letters, digits, _, - and dots, none of which begins with
// a dot, with a slash between them; anything else is an error before anything is done. No name
// that is used is the first parts of another one.
//
// Put stores what content gives from its beginning to its end, in place of what stood under
// the name. It may read it more than once. Content without a byte, content that ends before its
// own size, and a context that ends, are errors.
//
// Get gives what stands under a name, to be closed by the caller; ErrMissing when there is
// nothing. A reader that ends without an error has given all of it.
//
// Delete removes what stands under a name; that there is nothing is no error.
//
// List names what stands in a part of the names ("attachment", or "" for all of it), in no
// order. It is for sweeping: what is stored or deleted meanwhile may be named or not.
type Store interface {
	Put(ctx context.Context, name string, content io.ReadSeeker) error
	Get(ctx context.Context, name string) (io.ReadCloser, error)
	Delete(ctx context.Context, name string) error
	List(ctx context.Context, under string) iter.Seq2[Info, error]
}

// Info is one stored thing.
type Info struct {
	Name string
	Size int64     // bytes
	At   time.Time // when it was stored, by the clock of the folder or the service
}

// ErrMissing says that nothing stands under a name.
var ErrMissing = errors.New("there is nothing under this name")

// names is the form of names; their length stays below what any file system takes.
var names = regexp.MustCompile(`^[a-z0-9_-][a-z0-9._-]{0,99}(/[a-z0-9_-][a-z0-9._-]{0,99}){0,9}$`)

func checkName(name string) error {
	if !names.MatchString(name) {
		return fmt.Errorf("%.40q is not the name of anything that is kept here", name)
	}
	return nil
}

// sizeOf measures what content will give, and leaves it at its beginning.
func sizeOf(content io.ReadSeeker) (int64, error) {
	size, err := content.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = content.Seek(0, io.SeekStart)
	}
	if err == nil && size == 0 {
		err = errors.New("there is no content")
	}
	return size, err
}

// Try stores something, reads it back and deletes it: what is wrong with a store should be
// known before somebody needs it.
func Try(ctx context.Context, s Store) error {
	name, want := "try/"+trialName(), []byte("creditmsg")
	if err := s.Put(ctx, name, bytes.NewReader(want)); err != nil {
		return err
	}
	got, err := ReadAll(ctx, s, name, int64(len(want)))
	if err == nil && !bytes.Equal(got, want) {
		err = fmt.Errorf("read %s: got other bytes than were stored", name)
	}
	return errors.Join(err, s.Delete(ctx, name))
}

func trialName() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails, by its documentation
	return fmt.Sprintf("%x", b)
}

// ReadAll reads what stands under a name, of which at most so many bytes are expected.
func ReadAll(ctx context.Context, s Store, name string, most int64) ([]byte, error) {
	from, err := s.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	data, err := io.ReadAll(io.LimitReader(from, most+1))
	if err == nil && int64(len(data)) > most {
		err = fmt.Errorf("more than %d bytes", most)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return data, nil
}
