package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"creditmsg/client"
)

// attach uploads the pictures and names them in the message. Uploading one again, as a
// repeated command does, is the same attachment.
func (v *sendVerb) attach(ctx context.Context, c *client.Client, d *client.Draft) error {
	for _, file := range v.Attach {
		content, err := readPicture(file)
		if err != nil {
			return err
		}
		a, err := c.AddAttachment(ctx, client.NewAttachment{Name: filepath.Base(file), Content: content, Resize: v.Resize})
		if err != nil {
			err = withHint(fmt.Errorf("upload %s: %w", file, err), v.URL, "")
			if p, refused := errors.AsType[*client.Problem](err); refused && p.Code == "validation" && !v.Resize {
				err = &hintError{err, "--resize makes most pictures fit"}
			}
			return err
		}
		d.Text.Attachments = append(d.Text.Attachments, a.ID)
	}
	return nil
}

// readPicture reads a file that is not larger than what can be uploaded.
func readPicture(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read the picture: %w", err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, client.AttachmentBytes+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the picture: %w", err)
	case len(content) == 0:
		return nil, fmt.Errorf("read the picture: %s is empty", name)
	case len(content) > client.AttachmentBytes:
		return nil, fmt.Errorf("read the picture: %s is larger than %d MiB", name, client.AttachmentBytes>>20)
	}
	return content, nil
}
