package simulator

import (
	"encoding/base64"
	"net/http"
	"slices"
	"time"
)

// fileLimits are the sizes in bytes by type; types not named have no known limit
// but that of a request.
var fileLimits = map[string]int{"MMS": 200 << 10, "KAKAO": 500 << 10, "DOCUMENT": 2 << 20}

var fileTypes = []string{"MMS", "KAKAO", "DOCUMENT", "RCS", "FAX", "BMS", "BMS_WIDE", "BMS_WIDE_MAIN_ITEM_LIST",
	"BMS_WIDE_SUB_ITEM_LIST", "BMS_CAROUSEL_FEED_LIST", "BMS_CAROUSEL_COMMERCE_LIST"}

// file is what is kept of an uploaded file: everything but its content.
type file struct {
	Kakao        kakaoFile `json:"kakao"`
	Type         string    `json:"type"`
	OriginalName string    `json:"originalName"`
	Link         *string   `json:"link"`
	Width        int       `json:"width"`
	Height       int       `json:"height"`
	FileSize     int       `json:"fileSize"`
	FileID       string    `json:"fileId"`
	Name         string    `json:"name"`
	URL          string    `json:"url"`
	AccountID    string    `json:"accountId"`
	References   []string  `json:"references"`
	DateCreated  string    `json:"dateCreated"`
	DateUpdated  string    `json:"dateUpdated"`

	shown Shown
}

type kakaoFile struct {
	Daou    *string `json:"daou"`
	Biztalk *string `json:"biztalk"`
}

// uploadFile takes a picture or document.
func (s *Simulator) uploadFile(a *account, r *http.Request) (any, error) {
	var body struct {
		File string  `json:"file"`
		Type string  `json:"type"`
		Name string  `json:"name"`
		Link *string `json:"link"`
	}
	if err := read(r, &body); err != nil {
		return nil, err
	}
	content, err := base64.StdEncoding.DecodeString(body.File)
	limit, limited := fileLimits[body.Type]
	switch {
	case err != nil || len(content) == 0:
		return nil, invalid("file은 base64로 인코딩한 파일입니다.")
	case !slices.Contains(fileTypes, body.Type):
		return nil, invalid("알 수 없는 파일 타입입니다.")
	case limited && len(content) > limit:
		return nil, invalid("파일 크기가 허용된 크기를 넘었습니다.")
	case body.Type == "KAKAO" && (body.Link == nil || *body.Link == ""):
		return nil, invalid("KAKAO 파일에는 link가 필요합니다.")
	}
	shown := show(content)
	if body.Type == "MMS" && shown.format != "jpeg" {
		return nil, invalid("MMS 이미지는 JPG 파일이어야 합니다.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	id := s.ids.file(now)
	name := body.Name
	if name == "" {
		name = id
	}
	f := &file{Type: body.Type, OriginalName: name, Link: body.Link, Width: shown.Width, Height: shown.Height, shown: shown,
		FileSize: len(content), FileID: id, Name: name, URL: "http://" + r.Host + "/storage/v1/files/" + id, AccountID: a.id,
		References: []string{}, DateCreated: stamp(now), DateUpdated: stamp(now)}
	a.files = append(a.files, f)
	return f, nil
}

// hasFile says whether the account uploaded such a file.
func (s *Simulator) hasFile(a *account, id, kind string) bool {
	_, there := s.findFile(a, id, kind)
	return there
}

// findFile gives what the account uploaded under an id.
func (s *Simulator) findFile(a *account, id, kind string) (Shown, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.IndexFunc(a.files, func(f *file) bool { return f.FileID == id && f.Type == kind })
	if at < 0 {
		return Shown{}, false
	}
	return a.files[at].shown, true
}

func (f *file) key() string { return f.FileID }

func (f *file) field(field string) (string, bool) {
	switch field {
	case "fileId":
		return f.FileID, true
	case "type":
		return f.Type, true
	case "name":
		return f.Name, true
	case "dateCreated", "dateUpdated":
		return f.DateCreated, true
	}
	return "", false
}

func (s *Simulator) listFiles(a *account, r *http.Request) (any, error) {
	return listOf(s, &a.files, "fileList", r, "fileId", "type", "name", "dateCreated", "dateUpdated")
}

func (s *Simulator) getFile(a *account, r *http.Request) (any, error) {
	return oneOf(s, &a.files, r.PathValue("file"), keep)
}

func (s *Simulator) deleteFile(a *account, r *http.Request) (any, error) {
	return oneOf(s, &a.files, r.PathValue("file"), drop)
}
