package client

import (
	"bytes"
	"fmt"
	"maps"
	"mime/multipart"
	"slices"
)

// form writes a list as multipart/form-data: its fields first, so that they are known when the
// list comes.
func (l List) form() (body []byte, media string, err error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(l.Fields)) {
		if err := w.WriteField(name, l.Fields[name]); err != nil {
			return nil, "", fmt.Errorf("write the form: %w", err)
		}
	}
	part, err := w.CreateFormFile("list", "list")
	if err == nil {
		if _, err = part.Write(l.Content); err == nil {
			err = w.Close()
		}
	}
	if err != nil {
		return nil, "", fmt.Errorf("write the form: %w", err)
	}
	return b.Bytes(), w.FormDataContentType(), nil
}
