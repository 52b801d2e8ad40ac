package simulator

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// sampleFiles are files by what they are, in base64.
func sampleFiles(t *testing.T) map[string]string {
	t.Helper()
	dots := image.NewPaletted(image.Rect(0, 0, 2, 2), color.Palette{color.Black, color.White})
	var asPNG, asGIF bytes.Buffer
	if err := errors.Join(png.Encode(&asPNG, dots), gif.Encode(&asGIF, dots, nil)); err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"jpeg":    picture(t, 30, 20, 0),
		"wide":    picture(t, 1001, 20, 0),
		"widest":  picture(t, 1501, 20, 0),
		"heavy":   picture(t, 30, 20, 300<<10+1),
		"heavier": picture(t, 30, 20, 500<<10+1),
		"png":     base64.StdEncoding.EncodeToString(asPNG.Bytes()),
		"gif":     base64.StdEncoding.EncodeToString(asGIF.Bytes()),
		"program": base64.StdEncoding.EncodeToString([]byte("MZ this is a program")),
		"broken":  "…",
		"none":    "",
	}
}

// codeOf is the vendor's code of an error; empty for none.
func codeOf(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	no, is := errors.AsType[*refusal](err)
	if !is {
		t.Fatalf("got the error %v, want one of the vendor", err)
	}
	return no.code
}

func jsonRequest(t *testing.T, body any) *http.Request {
	t.Helper()
	content, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(content))
	r.Header.Set("Content-Type", "application/json;charset=UTF-8")
	return r
}

func TestAPictureIsTakenWhenItIsOfTheFormThatTheVendorsDocumentsName(t *testing.T) {
	files := sampleFiles(t)
	upload := func(take func(*Simulator) call, name string) func(string) error {
		return func(file string) error {
			s := New(Options{Seed: 1})
			_, err := take(s)(s.order[0], jsonRequest(t, map[string]string{"fileName": name, "createUser": "u", "fileBody": file}))
			return err
		}
	}
	nhn := func(s *Simulator) call { return s.nhnUpload }
	sens := func(s *Simulator) call { return s.sensUpload }
	for name, c := range map[string]struct {
		take func(file string) error
		want map[string]string // of the files above: the code of the refusal
	}{
		"nhn": {upload(nhn, "a.jpg"), map[string]string{"wide": "-2005", "widest": "-2005", "heavy": "-2005", "heavier": "-2005",
			"png": "-2010", "gif": "-2010", "program": "-2010", "broken": "-2009", "none": "-2009"}},
		"sens": {upload(sens, "a.jpg"), map[string]string{"widest": "100", "heavy": "100", "heavier": "100",
			"png": "100", "gif": "100", "program": "100", "broken": "100", "none": "100"}},
		"sendgo": {func(file string) error {
			_, err := sendgoPictures([]json.RawMessage{json.RawMessage(`{"fileName":"a.jpg","fileBody":"` + file + `"}`)})
			return err
		}, map[string]string{"heavier": "VALIDATION_FAILED", "gif": "VALIDATION_FAILED", "program": "VALIDATION_FAILED", "broken": "VALIDATION_FAILED", "none": "VALIDATION_FAILED"}},
		"sendgo, the content alone": {func(file string) error {
			_, err := sendgoPictures([]json.RawMessage{json.RawMessage(`"data:image/jpeg;base64,` + file + `"`)})
			return err
		}, map[string]string{"heavier": "VALIDATION_FAILED", "gif": "VALIDATION_FAILED", "program": "VALIDATION_FAILED", "broken": "VALIDATION_FAILED", "none": "VALIDATION_FAILED"}},
		"aligo": {func(file string) error {
			content, _ := base64.StdEncoding.DecodeString(file)
			return aligoSays(t, content)
		}, map[string]string{"heavy": "-99", "heavier": "-99", "program": "-99", "broken": "-99", "none": "-99"}},
	} {
		for what, file := range files {
			if got := codeOf(t, c.take(file)); got != c.want[what] {
				t.Errorf("%s, %s: got the code %q, want %q", name, what, got, c.want[what])
			}
		}
	}
	for file, want := range map[string]string{"a.jpeg": "", "A.JPG": "", "a.png": "-2003", "a": "-2003", "": "-2002", strings.Repeat("a", 42) + ".jpg": "-2002"} {
		if got := codeOf(t, upload(nhn, file)(files["jpeg"])); got != want {
			t.Errorf("nhn, a file called %q: got the code %q, want %q", file, got, want)
		}
	}
	for file, want := range map[string]string{"a.jpeg": "", "a.gif": "100", strings.Repeat("가", 37) + ".jpg": "100"} {
		if got := codeOf(t, upload(sens, file)(files["jpeg"])); got != want {
			t.Errorf("sens, a file called %q: got the code %q, want %q", file, got, want)
		}
	}
}

// aligoSays is what the vendor says of a form with these pictures.
func aligoSays(t *testing.T, pictures ...[]byte) error {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for i, content := range pictures {
		part, err := form.CreateFormFile("image"+string(rune('1'+i)), "a.jpg")
		if err == nil {
			_, err = part.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/", &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	if err := r.ParseMultipartForm(1 << 20); err != nil {
		t.Fatal(err)
	}
	_, err := aligoPictures(r)
	return err
}

func TestAPictureIsKnownToTheAccountThatUploadedItAndToThatVendorAlone(t *testing.T) {
	s := New(Options{Seed: 1, Accounts: []Account{{Key: "a", Secret: "a"}, {Key: "b", Secret: "b"}}})
	answer, err := s.sensUpload(s.order[0], jsonRequest(t, map[string]string{"fileName": "a.jpg", "fileBody": picture(t, 3, 2, 0)}))
	if err != nil {
		t.Fatal(err)
	}
	id := answer.(map[string]any)["fileId"].(string)
	shown, there := s.uploaded(s.order[0], sens, []string{id})
	if !there || shown[0].Width != 3 || shown[0].Height != 2 || shown[0].SHA256 == "" {
		t.Errorf("got %+v, %v, want what was uploaded", shown, there)
	}
	if _, there := s.uploaded(s.order[0], nhn, []string{id}); there {
		t.Error("another vendor knows it")
	}
	if _, there := s.uploaded(s.order[1], sens, []string{id}); there {
		t.Error("another account knows it")
	}
	for name, files := range map[string][]sensFile{"an unknown one": {{"x"}}, "too many": {{id}, {id}, {id}, {id}}} {
		if _, _, err := s.sensKind(s.order[0], "MMS", files); codeOf(t, err) != "100" {
			t.Errorf("%s: got %v, want it refused", name, err)
		}
	}
	if _, _, err := s.sensKind(s.order[0], "LMS", []sensFile{{id}}); codeOf(t, err) != "100" {
		t.Errorf("with a text: got %v, want it refused", err)
	}
}
