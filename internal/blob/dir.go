package blob

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"time"
)

// incoming is where bytes are written before they get their name. Names do not begin with a
// dot, so none of them leads there.
const incoming = ".incoming"

// forgottenAfter is the age of what a crash left in incoming; no Put takes so long.
const forgottenAfter = time.Hour

// dir keeps bytes in a folder. The folder is opened for each act, so that one which was moved
// away and brought back is found again.
type dir struct{ folder string }

func openDir(folder string) (*dir, error) {
	d := &dir{folder}
	root, err := os.OpenRoot(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return d, nil // Put makes it
	}
	if err != nil {
		return nil, fmt.Errorf("open the folder: %w", err)
	}
	defer root.Close()
	return d, forget(root)
}

// forget removes what a crash left half written.
func forget(root *os.Root) error {
	left, err := fs.ReadDir(root.FS(), incoming)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for what was not finished: %w", err)
	}
	for _, entry := range left {
		// One that is gone meanwhile was finished by its own process.
		if info, err := entry.Info(); err == nil && time.Since(info.ModTime()) > forgottenAfter {
			_ = root.Remove(path.Join(incoming, entry.Name()))
		}
	}
	return nil
}

// Put writes the bytes beside, brings them to the disk and then gives them their name.
func (d *dir) Put(ctx context.Context, name string, content io.ReadSeeker) error {
	if err := checkName(name); err != nil {
		return err
	}
	if err := os.MkdirAll(d.folder, 0o700); err != nil {
		return fmt.Errorf("store %s: %w", name, err)
	}
	root, err := os.OpenRoot(d.folder)
	if err != nil {
		return fmt.Errorf("store %s: %w", name, err)
	}
	defer root.Close()
	if err := store(ctx, root, name, content); err != nil {
		return fmt.Errorf("store %s: %w", name, err)
	}
	return nil
}

func store(ctx context.Context, root *os.Root, name string, content io.ReadSeeker) error {
	for _, folder := range []string{incoming, path.Dir(name)} {
		if err := root.MkdirAll(folder, 0o700); err != nil {
			return err
		}
	}
	beside := path.Join(incoming, rand.Text())
	err := write(ctx, root, beside, content)
	if err == nil {
		err = root.Rename(beside, name)
	}
	if err != nil {
		_ = root.Remove(beside) // what cannot be removed now is when the folder is opened next
		return err
	}
	// A name is on the disk when the folders on its way are.
	for folder := path.Dir(name); ; folder = path.Dir(folder) {
		if err := toDisk(root, folder); err != nil || folder == "." {
			return err
		}
	}
}

// write brings all of content to the disk.
func write(ctx context.Context, root *os.Root, name string, content io.ReadSeeker) (err error) {
	size, err := sizeOf(content)
	if err != nil {
		return err
	}
	file, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	n, err := io.Copy(file, &attentive{ctx, content})
	if err != nil {
		return err
	}
	if n != size {
		return fmt.Errorf("%d of %d bytes came: %w", n, size, io.ErrUnexpectedEOF)
	}
	return file.Sync()
}

// attentive is a reader that ends with its context.
type attentive struct {
	ctx  context.Context
	from io.Reader
}

func (a *attentive) Read(p []byte) (int, error) {
	if err := a.ctx.Err(); err != nil {
		return 0, err
	}
	return a.from.Read(p)
}

func toDisk(root *os.Root, folder string) error {
	f, err := root.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Get opens the file of a name.
func (d *dir) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	if err := errors.Join(checkName(name), ctx.Err()); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(d.folder)
	if err == nil {
		defer root.Close()
		var file *os.File
		if file, err = opened(root, name); err == nil {
			return file, nil
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = ErrMissing
	}
	return nil, fmt.Errorf("read %s: %w", name, err)
}

// opened opens a file; a folder of this name is nothing that anybody stored.
func opened(root *os.Root, name string) (*os.File, error) {
	file, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && info.IsDir() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// Delete removes the file of a name.
func (d *dir) Delete(ctx context.Context, name string) error {
	if err := errors.Join(checkName(name), ctx.Err()); err != nil {
		return err
	}
	root, err := os.OpenRoot(d.folder)
	if err == nil {
		defer root.Close()
		err = root.Remove(name)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete %s: %w", name, err)
	}
	return nil
}

// List walks through the folder.
func (d *dir) List(ctx context.Context, under string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		if err := d.walk(ctx, under, yield); err != nil && !errors.Is(err, fs.ErrNotExist) {
			yield(Info{}, fmt.Errorf("list %q: %w", under, err))
		}
	}
}

func (d *dir) walk(ctx context.Context, under string, yield func(Info, error) bool) error {
	from := "."
	if under != "" {
		if err := checkName(under); err != nil {
			return err
		}
		from = under
	}
	root, err := os.OpenRoot(d.folder)
	if err != nil {
		return err
	}
	defer root.Close()
	return fs.WalkDir(root.FS(), from, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, fs.ErrNotExist): // deleted meanwhile
			return nil
		case err != nil:
			return err
		case entry.IsDir() && name == incoming:
			return fs.SkipDir
		case entry.IsDir():
			return nil
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && !yield(Info{Name: name, Size: info.Size(), At: info.ModTime().UTC()}, nil) {
			return fs.SkipAll
		}
		return err
	})
}
