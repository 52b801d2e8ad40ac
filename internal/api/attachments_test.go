package api

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"creditmsg/internal/fault"
)

func photo(t testing.TB, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, speckled(width, height), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func drawing(t testing.TB, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, speckled(width, height)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func speckled(width, height int) image.Image {
	m := image.NewGray(image.Rect(0, 0, width, height))
	for x := range width {
		m.SetGray(x, x%height, color.Gray{Y: byte(x*7 + width)})
	}
	return m
}

// putPicture uploads the picture itself.
func (w *world) putPicture(query, media string, content []byte) got {
	w.t.Helper()
	return w.do(ask{method: "POST", path: "/v1/attachments" + query, token: w.rich, media: media, from: bytes.NewReader(content)})
}

// attached uploads a photo that fits and gives its id.
func (w *world) attached() string {
	w.t.Helper()
	return w.putPicture("", "image/jpeg", photo(w.t, 320, 240)).is(201).json()["id"].(string)
}

// formBody writes a form; a value that begins with @ is a file of that name.
func formBody(t testing.TB, parts ...any) (media string, body []byte) {
	t.Helper()
	var b bytes.Buffer
	f := multipart.NewWriter(&b)
	for i := 0; i < len(parts); i += 2 {
		name, file, isFile := strings.Cut(parts[i].(string), "@")
		var part io.Writer
		var err error
		if isFile {
			part, err = f.CreateFormFile(name, file)
		} else {
			part, err = f.CreateFormField(name)
		}
		if err == nil {
			_, err = fmt.Fprintf(part, "%s", parts[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return f.FormDataContentType(), b.Bytes()
}

func TestAPictureIsUploadedReadAndDeleted(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		content := photo(t, 320, 240)
		made := w.putPicture("?name=sale.jpg", "image/jpeg", content).is(201).json()
		if made["name"] != "sale.jpg" || made["content_type"] != "image/jpeg" || made["bytes"] != float64(len(content)) || made["width"] != 320.0 ||
			made["height"] != 240.0 || made["in_use"] != false || made["expires_at"] == nil || !strings.HasPrefix(made["id"].(string), "att_") {
			t.Errorf("got %v", made)
		}
		path := "/v1/attachments/" + made["id"].(string)
		if got := w.get(path).is(200).json(); fmt.Sprint(got) != fmt.Sprint(made) {
			t.Errorf("got %v, want %v", got, made)
		}
		g := w.get(path + "/content").is(200)
		if !bytes.Equal(g.body, content) || g.header.Get("Content-Type") != "image/jpeg" || g.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("content: got %d bytes of %s", len(g.body), g.header.Get("Content-Type"))
		}
		if again := w.putPicture("", "application/octet-stream", content).is(201).json(); again["id"] != made["id"] || again["name"] != "sale.jpg" {
			t.Errorf("the same bytes: got %v, want %v", again, made["id"])
		}
		other := w.putPicture("", "", photo(t, 100, 100)).is(201).json()
		if rows := w.get("/v1/attachments").rows(); len(rows) != 2 || rows[0]["id"] != other["id"] || rows[1]["id"] != made["id"] {
			t.Errorf("list: got %v, want the newest first", rows)
		}
		first := w.get("/v1/attachments?limit=1").is(200).json()
		next := w.get("/v1/attachments?limit=1&cursor=" + first["next_cursor"].(string)).rows()
		if len(next) != 1 || next[0]["id"] != made["id"] {
			t.Errorf("second page: got %v", next)
		}
		for _, path := range []string{path, path + "/content"} {
			w.do(ask{method: "GET", path: path, token: w.poor}).refused(404, "not_found")
		}
		w.do(ask{method: "DELETE", path: path, token: w.poor}).refused(404, "not_found")
		w.do(ask{method: "DELETE", path: path, token: w.rich}).is(204)
		for _, gone := range []string{path, path + "/content", "/v1/attachments/photo.jpg"} {
			w.get(gone).refused(404, "not_found")
		}
	})
}

func TestAPictureMayComeAsAForm(t *testing.T) {
	w := onSQLite(t)
	media, body := formBody(t, "file@봄 세일.jpg", photo(t, 300, 200))
	if got := w.putPicture("", media, body).is(201).json(); got["name"] != "봄 세일.jpg" || got["width"] != 300.0 {
		t.Errorf("got %v", got)
	}
	media, body = formBody(t, "resize", "true", "file@x.png", drawing(t, 2000, 1000), "name", "sale")
	if got := w.putPicture("", media, body).is(201).json(); got["name"] != "sale" || got["width"] != 1000.0 || got["height"] != 500.0 {
		t.Errorf("a drawing to be made fit: got %v", got)
	}
	for name, c := range map[string]struct {
		parts   []any
		pointer string
	}{
		"no file":         {[]any{"name", "x"}, "/file"},
		"two files":       {[]any{"file@a.jpg", photo(t, 30, 20), "file@b.jpg", photo(t, 31, 20)}, "/file"},
		"an unknown part": {[]any{"file@a.jpg", photo(t, 30, 20), "picture", "x"}, "/picture"},
		"maybe":           {[]any{"file@a.jpg", photo(t, 30, 20), "resize", "maybe"}, "/resize"},
	} {
		media, body := formBody(t, c.parts...)
		if got := w.putPicture("", media, body).refused(422, "validation"); !slices.Contains(got, c.pointer) {
			t.Errorf("%s: got errors at %q, want %q", name, got, c.pointer)
		}
	}
	w.putPicture("", media, body[:len(body)/2]).refused(400, "malformed")
	w.putPicture("", "multipart/form-data", body).refused(400, "malformed")
}

// bomb is a drawing of few bytes that says it has more dots than anybody can unpack.
func bomb(t testing.TB) []byte {
	b := drawing(t, 8, 8)
	binary.BigEndian.PutUint32(b[16:], 65_535)
	binary.BigEndian.PutUint32(b[20:], 65_535)
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return b
}

// TestABadPictureIsRefusedClearlyAndCostsNothing holds uploads to what their content is,
// whatever they are called.
func TestABadPictureIsRefusedClearlyAndCostsNothing(t *testing.T) {
	w := onSQLite(t)
	jpg := photo(t, 320, 240)
	heavy := append(bytes.Clone(jpg), make([]byte, 200_000)...)
	program := []byte("MZ\x90\x00\x03\x00\x00\x00 This program cannot be run in DOS mode.")
	for name, c := range map[string]struct {
		query, media string
		content      []byte
		status       int
		code, says   string
	}{
		"too heavy":                       {"", "image/jpeg", heavy, 422, "validation", "resize=true"},
		"too large in dots":               {"", "image/jpeg", photo(t, 1001, 10), 422, "validation", "1001"},
		"larger than anything here":       {"?resize=true", "image/jpeg", make([]byte, maxPicture+1), 413, "body_too_large", "10 MiB"},
		"a drawing called .jpg":           {"?name=photo.jpg", "image/jpeg", drawing(t, 30, 20), 422, "validation", "PNG"},
		"a program called .jpg":           {"?name=photo.jpg", "image/jpeg", program, 415, "unsupported_media_type", "program"},
		"the same, to be mended":          {"?name=photo.jpg&resize=true", "image/jpeg", program, 415, "unsupported_media_type", "program"},
		"a page called .jpg":              {"?name=photo.jpg", "image/jpeg", []byte("<html><script>alert(1)</script></html>"), 415, "unsupported_media_type", "JPEG"},
		"JSON":                            {"", "application/json", []byte(`{"file":"x"}`), 415, "unsupported_media_type", "JPEG"},
		"nothing":                         {"", "image/jpeg", nil, 415, "unsupported_media_type", "empty"},
		"half a photo":                    {"", "image/jpeg", jpg[:len(jpg)/2], 422, "validation", "damaged"},
		"half a drawing":                  {"?resize=true", "image/png", drawing(t, 300, 200)[:200], 422, "validation", "damaged"},
		"a bomb":                          {"?resize=true", "image/png", bomb(t), 422, "validation", "65535"},
		"a bomb that is not to be mended": {"", "image/png", bomb(t), 422, "validation", "65535"},
		"neither yes nor no":              {"?resize=1", "image/jpeg", jpg, 422, "validation", "true or false"},
	} {
		g := w.putPicture(c.query, c.media, c.content)
		if g.refused(c.status, c.code); !strings.Contains(string(g.body), c.says) {
			t.Errorf("%s: got %s, want it to say %q", name, g.body, c.says)
		}
	}
	w.do(ask{method: "POST", path: "/v1/attachments", token: w.rich, media: "image/jpeg", from: bytes.NewReader(jpg),
		header: http.Header{"Content-Encoding": {"gzip"}}}).refused(415, "unsupported_media_type")
	if rows := w.get("/v1/attachments").rows(); len(rows) != 0 {
		t.Errorf("kept: %v", rows)
	}
	if c := w.get("/v1/credit").json(); c["held"] != "0.00" || c["available"] != "150000.00" {
		t.Errorf("credit: got %v available and %v held, want nothing charged", c["available"], c["held"])
	}
}

func TestARepeatedUploadGetsTheSameBytes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		upload := func(key string, content []byte) got {
			return w.do(ask{method: "POST", path: "/v1/attachments", token: w.rich, key: key, media: "image/jpeg", from: bytes.NewReader(content)})
		}
		first := upload("a", photo(t, 30, 20)).is(201)
		path := "/v1/attachments/" + first.json()["id"].(string)
		second := upload("a", photo(t, 30, 20)).is(201)
		if !bytes.Equal(first.body, second.body) || second.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("got %s (replayed %q), want the bytes %s", second.body, second.header.Get("Idempotent-Replayed"), first.body)
		}
		upload("a", photo(t, 31, 20)).refused(422, "idempotency_mismatch")
		upload("b", []byte("MZ")).refused(415, "unsupported_media_type")
		upload("b", photo(t, 31, 20)).is(201) // the refusal left it free
		remove := func() got { return w.do(ask{method: "DELETE", path: path, token: w.rich, key: "d"}) }
		remove().is(204)
		if g := remove().is(204); g.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("the second deletion: got %v, want a replay", g.header)
		}
		w.get(path).refused(404, "not_found")
	})
}

func TestAMessageWithPicturesIsAnMMSThatNeedsThem(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		picture := w.attached()
		body := with(fmt.Sprintf(`"attachments":[%q]`, picture))
		quote := w.post("/v1/messages/estimate", body).is(200).json()
		if mms := quote["by_channel"].(map[string]any)["mms"].(map[string]any); mms["count"] != 1.0 || quote["worst_case"] != "120.00" {
			t.Errorf("estimate: got %v", quote)
		}
		if w.get("/v1/attachments/" + picture).json()["in_use"] != false {
			t.Error("an estimate uses the picture")
		}
		sent := w.send(body)
		if planned := sent["planned"].(map[string]any); planned["mms"] != 1.0 || planned["sms"] != 0.0 || sent["held"] != "120.00" {
			t.Errorf("got %v, want an mms at 120.00", sent)
		}
		path := "/v1/attachments/" + picture
		if a := w.get(path).json(); a["in_use"] != true || a["expires_at"] != nil {
			t.Errorf("in use: got %v", a)
		}
		w.do(ask{method: "DELETE", path: path, token: w.rich}).refused(409, "state_conflict")
		w.post("/v1/messages/"+sent["id"].(string)+"/cancel", "").is(200)
		w.drain()
		if a := w.get(path).json(); a["in_use"] != false || a["expires_at"] == nil {
			t.Errorf("after the message: got %v", a)
		}
		lines := `{"strategy":"sms_only","text":{"body":"안녕하세요","attachments":["` + picture + `"]}}` + "\n" + people(2)
		if r := w.lines("", strings.NewReader(lines)).is(202).json(); r["planned"].(map[string]any)["mms"] != 2.0 {
			t.Errorf("in lines: got %v", r)
		}
	})
}

func TestAMessageWithAPictureThatIsNotThereIsNotSent(t *testing.T) {
	w := onSQLite(t)
	picture := w.attached()
	body := with(fmt.Sprintf(`"attachments":[%q]`, picture))
	if got := w.do(ask{method: "POST", path: "/v1/messages", token: w.poor, body: body}).refused(422, "validation"); !slices.Contains(got, "/text/attachments/0") {
		t.Errorf("another site's: got errors at %q", got)
	}
	w.post("/v1/messages", with(fmt.Sprintf(`"max_channel":"lms","attachments":[%q]`, picture))).refused(422, "no_recipients")
	w.do(ask{method: "DELETE", path: "/v1/attachments/" + picture, token: w.rich}).is(204)
	if got := w.post("/v1/messages", body).refused(422, "validation"); !slices.Contains(got, "/text/attachments/0") {
		t.Errorf("deleted: got errors at %q", got)
	}
	if held := w.get("/v1/credit").json()["held"]; held != "0.00" {
		t.Errorf("held: got %v, want nothing", held)
	}
}

// FuzzPictureForm holds the reader of forms to: a picture or a refusal of the caller's, never a
// panic, and never other bytes than were sent.
func FuzzPictureForm(f *testing.F) {
	const media = "multipart/form-data; boundary=x"
	for _, seed := range []string{
		"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\n\r\nJPEG\r\n--x\r\nContent-Disposition: form-data; name=\"resize\"\r\n\r\ntrue\r\n--x--\r\n",
		"--x\r\nContent-Disposition: form-data; name=\"file\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=41=\r\n--x--",
		"--x\r\n\r\n\r\n--x--", "--x--", "--x", "",
	} {
		f.Add(media, "resize=true&name=b", []byte(seed))
	}
	f.Add("multipart/form-data", "", []byte("x"))
	f.Add("image/jpeg", "resize=maybe", []byte("x"))
	f.Fuzz(func(t *testing.T, media, query string, body []byte) {
		r := httptest.NewRequest(http.MethodPost, "/v1/attachments", nil)
		r.URL.RawQuery = query
		r.Header.Set("Content-Type", media)
		u, err := pictureOf(r, body)
		if err != nil {
			if k := fault.Of(err).Kind; k != fault.Invalid && k != fault.Malformed {
				t.Errorf("got %v, want a refusal of the caller's", err)
			}
			return
		}
		if len(u.Content) > len(body) {
			t.Errorf("got %d bytes of %d", len(u.Content), len(body))
		}
	})
}
