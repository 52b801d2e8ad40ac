package simulator

import (
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"creditmsg/internal/korea"
)

// sensKeeps is how long the vendor keeps a picture.
const sensKeeps = 6 * 24 * time.Hour

// sensFile is one of the files of a request.
type sensFile struct {
	ID string `json:"fileId"`
}

// sensKind gives the kind of a request and its pictures. An MMS without files is an LMS.
func (s *Simulator) sensKind(a *account, name string, files []sensFile) (kind, []Shown, error) {
	ids := make([]string, len(files))
	for i, f := range files {
		ids[i] = f.ID
	}
	k := kindOf(name)
	if k == mms && len(ids) == 0 {
		k = lms
	}
	shown, there := s.uploaded(a, sens, ids)
	switch {
	case k != sms && k != lms && k != mms:
		return k, nil, sensInvalid("type is SMS, LMS or MMS")
	case len(ids) > mostShown || len(ids) > 0 && k != mms:
		return k, nil, sensInvalid("files are for MMS, up to 3")
	case !there:
		return k, nil, sensInvalid("fileId does not exist or is expired")
	}
	return k, shown, nil
}

// sensUpload takes a picture.
func (s *Simulator) sensUpload(a *account, r *http.Request) (any, error) {
	var body struct {
		Name string `json:"fileName"`
		Body string `json:"fileBody"`
	}
	if err := sensRead(r, &body); err != nil {
		return nil, err
	}
	content, whole := decodedFile(body.Body)
	name := strings.ToLower(body.Name)
	switch {
	case utf8.RuneCountInString(name) > 40 || !strings.HasSuffix(name, ".jpg") && !strings.HasSuffix(name, ".jpeg"):
		return nil, sensInvalid("fileName is up to 40 characters and ends in .jpg or .jpeg")
	case !whole:
		return nil, sensInvalid("fileBody is not base64")
	}
	shown := show(content)
	if what := sensFrame.lacks(shown); what != "" {
		return nil, sensInvalid("file " + what + " is not allowed")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids.serial++
	x := mix(s.ids.key ^ s.ids.serial<<8)
	id := fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", uint32(x>>32), uint16(x>>16), x&0xfff, mix(x)>>52, mix(x)&0xffffffffffff)
	a.keepUpload(sens, id, shown)
	now := time.Now().In(korea.Seoul)
	const form = "2006-01-02T15:04:05.000"
	return map[string]any{"fileId": id, "createTime": now.Format(form), "expireTime": now.Add(sensKeeps).Format(form)}, nil
}
