package aligo

import (
	"bytes"
	"fmt"
	"maps"
	"mime/multipart"
	"net/textproto"
	"net/url"
	"slices"

	"creditmsg/internal/provider"
)

// parts writes a form with pictures as a body of many parts, and gives its media type.
func parts(form url.Values, pictures []provider.Picture) (body, media string, err error) {
	var buf bytes.Buffer
	w := multipart.NewWriter(&buf)
	for _, name := range slices.Sorted(maps.Keys(form)) {
		if err := w.WriteField(name, form.Get(name)); err != nil {
			return "", "", err
		}
	}
	for i, p := range pictures {
		part, err := w.CreatePart(textproto.MIMEHeader{
			"Content-Disposition": {fmt.Sprintf(`form-data; name="image%d"; filename="%s"`, i+1, p.Name)},
			"Content-Type":        {"image/jpeg"},
		})
		if err == nil {
			_, err = part.Write(p.Content)
		}
		if err != nil {
			return "", "", err
		}
	}
	if err := w.Close(); err != nil {
		return "", "", err
	}
	return buf.String(), w.FormDataContentType(), nil
}
