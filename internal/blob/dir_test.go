package blob

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestWhatACrashLeftIsNeitherReadNorKept(t *testing.T) {
	folder := t.TempDir()
	s := storeAt(t, "file:"+folder)
	put(t, s, "a/b", random(10))
	old, young := filepath.Join(folder, incoming, "OLD"), filepath.Join(folder, incoming, "YOUNG")
	for _, name := range []string{old, young} {
		if err := os.WriteFile(name, random(5), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	longAgo := time.Now().Add(-2 * forgottenAfter)
	if err := os.Chtimes(old, longAgo, longAgo); err != nil {
		t.Fatal(err)
	}
	if got := listed(t, s, ""); len(got) != 1 {
		t.Errorf("listed: got %q, want what is whole", got)
	}
	s = storeAt(t, "file:"+folder)
	if _, err := os.Stat(old); !os.IsNotExist(err) {
		t.Errorf("what was left long ago is still there: %v", err)
	}
	if _, err := os.Stat(young); err != nil {
		t.Errorf("what another process may still be writing: %v", err)
	}
	want(t, s, "a/b", random(10))
}

func TestALinkThatLeadsOutsideIsNotFollowed(t *testing.T) {
	folder, outside := t.TempDir(), t.TempDir()
	if err := os.Symlink(outside, filepath.Join(folder, "attachment")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(outside, "secret"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := storeAt(t, "file:"+folder)
	if err := s.Put(t.Context(), "attachment/x", bytes.NewReader([]byte("x"))); err == nil {
		t.Error("put: got no error")
	}
	if _, err := s.Get(t.Context(), "attachment/secret"); err == nil {
		t.Error("get: got no error")
	}
	if err := s.Delete(t.Context(), "attachment/secret"); err == nil {
		t.Error("delete: got no error")
	}
	if left, err := os.ReadDir(outside); err != nil || len(left) != 1 {
		t.Errorf("outside: got %v, %v, want it as it was", left, err)
	}
}

func TestOthersOfTheMachineCannotRead(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "blobs")
	put(t, storeAt(t, "file:"+folder), "a/b", random(10))
	for _, name := range []string{"", "a", "a/b"} {
		info, err := os.Stat(filepath.Join(folder, name))
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%q: got %v, %v, want it for its owner alone", name, info.Mode(), err)
		}
	}
}

func TestAFolderThatCannotBeOneIsToldWhenItIsTried(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{URL: "file:" + file}); err == nil {
		t.Error("a file in its place: got no error")
	}
	if err := Try(t.Context(), &dir{file + "/below"}); err == nil {
		t.Error("below a file: got no error")
	}
}
