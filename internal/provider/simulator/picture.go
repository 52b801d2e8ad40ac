package simulator

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"image"
	_ "image/gif"  // sizes of pictures
	_ "image/jpeg" // sizes of pictures
	_ "image/png"  // sizes of pictures
	"slices"
	"strings"
)

// Shown is a picture that a phone got.
type Shown struct {
	SHA256 string `json:"sha256"`
	Bytes  int    `json:"bytes"`
	Width  int    `json:"width"`
	Height int    `json:"height"`

	format string
}

// frame is what a vendor takes of one picture.
type frame struct {
	bytes, width, height int
	formats              []string
}

// The vendors' limits. Where no size in dots is published there is none.
var (
	nhnFrame    = frame{300 << 10, 1000, 1000, []string{"jpeg"}}
	sensFrame   = frame{300 << 10, 1500, 1440, []string{"jpeg"}}
	aligoFrame  = frame{300 << 10, 1 << 16, 1 << 16, []string{"jpeg", "png", "gif"}}
	sendgoFrame = frame{500 << 10, 1 << 16, 1 << 16, []string{"jpeg", "png"}}
)

// mostShown is how many pictures one MMS has at most, wherever it may have several.
const mostShown = 3

// show reads a picture.
func show(content []byte) Shown {
	c, format, _ := image.DecodeConfig(bytes.NewReader(content)) // what is no picture has no format
	sum := sha256.Sum256(content)
	return Shown{hex.EncodeToString(sum[:]), len(content), c.Width, c.Height, format}
}

// lacks says what is wrong with a picture; empty when the vendor takes it.
func (f frame) lacks(p Shown) string {
	switch {
	case !slices.Contains(f.formats, p.format):
		return "format"
	case p.Bytes > f.bytes:
		return "size"
	case p.Width > f.width || p.Height > f.height:
		return "resolution"
	}
	return ""
}

// decodedFile reads base64 that may be a data URL.
func decodedFile(text string) ([]byte, bool) {
	if _, rest, is := strings.Cut(text, ";base64,"); is && strings.HasPrefix(text, "data:") {
		text = rest
	}
	content, err := base64.StdEncoding.DecodeString(text)
	return content, err == nil && len(content) > 0
}

// attached reads one of the files of a request whose form is not documented: an object with
// the content under any of the usual names, or the content itself.
func attached(file json.RawMessage) ([]byte, bool) {
	var text string
	if json.Unmarshal(file, &text) == nil {
		return decodedFile(text)
	}
	var object map[string]any
	if json.Unmarshal(file, &object) != nil {
		return nil, false
	}
	for _, name := range []string{"fileBody", "body", "data", "content", "base64"} {
		if text, is := object[name].(string); is {
			return decodedFile(text)
		}
	}
	return nil, false
}

// keepUpload notes that an account uploaded a picture under an id of a vendor. The caller holds
// the lock.
func (a *account) keepUpload(v *vendor, id string, p Shown) {
	if a.uploads == nil {
		a.uploads = map[string]Shown{}
	}
	a.uploads[v.kind+"/"+id] = p
}

// uploaded gives the pictures that ids name; false when one of them is not there.
func (s *Simulator) uploaded(a *account, v *vendor, ids []string) ([]Shown, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	shown := make([]Shown, len(ids))
	for i, id := range ids {
		p, known := a.uploads[v.kind+"/"+id]
		if !known {
			return nil, false
		}
		shown[i] = p
	}
	return shown, true
}

// pictured is the part of a message that holds its pictures; nil for none.
func pictured(shown []Shown) *extraPart {
	if len(shown) == 0 {
		return nil
	}
	return &extraPart{pictures: shown}
}
