package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

//go:embed static
var files embed.FS

// static is the files that pages load. All of them lie below the digest of all of them, so that a
// browser may keep each for ever, and a new program's pages name new ones.
type static struct {
	root string // of their addresses
	all  map[string]*file
}

type file struct {
	plain  []byte
	kind   string
	packed func() []byte // nil = it does not get smaller
}

func newStatic() (*static, error) {
	s := &static{all: map[string]*file{}}
	sum := sha256.New()
	err := fs.WalkDir(files, "static", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		fmt.Fprintf(sum, "%s %d ", name, len(text))
		sum.Write(text)
		f := &file{plain: text, kind: mime.TypeByExtension(path.Ext(name))}
		if path.Ext(name) == ".woff2" {
			f.kind = "font/woff2" // whatever this machine's table says
		} else {
			f.packed = sync.OnceValue(func() []byte { return packed(text) })
		}
		s.all[strings.TrimPrefix(name, "static/")] = f
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the files of the console: %w", err)
	}
	s.root = Root + "/static/" + hex.EncodeToString(sum.Sum(nil)[:8]) + "/"
	return s, nil
}

func packed(text []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // a level that there is
	_, _ = w.Write(text)                                    // into memory
	_ = w.Close()
	return out.Bytes()
}

// path is where a file is.
func (s *static) path(name string) (string, error) {
	if s.all[name] == nil {
		return "", fmt.Errorf("there is no file static/%s", name)
	}
	return s.root + name, nil
}

// ServeHTTP implements http.Handler. A page of a program that was replaced meanwhile gets the files
// of this one, which nobody keeps then.
func (s *static) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, Root+"/static/"), "/")
	f := s.all[name]
	if f == nil {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", "no-cache")
	if strings.HasPrefix(r.URL.Path, s.root) {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	text := f.plain
	if f.packed != nil {
		h.Set("Vary", "Accept-Encoding")
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			text = f.packed()
			h.Set("Content-Encoding", "gzip")
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(text)))
	_, _ = w.Write(text)
}
