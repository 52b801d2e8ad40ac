package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"creditmsg/internal/fault"
)

// readDemo reads demo.json and makes its folder. No file is an empty demo.
func readDemo(path string) (Demo, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return Demo{}, fmt.Errorf("make the folder of the demo: %w", err)
	}
	d := Demo{Tokens: map[string]string{}, Senders: map[string]string{}}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return d, nil
	}
	if err != nil {
		return Demo{}, fmt.Errorf("read the demo: %w", err)
	}
	if err := json.Unmarshal(text, &d); err != nil {
		return Demo{}, fault.Wrap(err, fault.Invalid, fault.CodeValidation, "%s cannot be read; remove it, and new tokens are made", path)
	}
	return d, nil
}

// demoHere gives the demo that has left word of itself in this folder.
func demoHere() (d Demo, is bool) {
	file := filepath.Join(DemoDir, "demo.json")
	if _, err := os.Stat(file); err != nil {
		return d, false
	}
	d, err := readDemo(file)
	return d, err == nil
}

// write replaces demo.json as a whole: it never stands there half written.
func (d Demo) write(path string) error {
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return fmt.Errorf("write the demo: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".demo-*.json") // for its owner's eyes only
	if err != nil {
		return fmt.Errorf("write the demo: %w", err)
	}
	defer os.Remove(f.Name()) // gone already when all went well
	_, err = f.Write(append(text, '\n'))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write the demo: %w", err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("write the demo: %w", err)
	}
	return nil
}
