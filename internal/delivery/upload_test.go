package delivery

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"image"
	"image/color"
	"image/jpeg"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/attachment"
	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/provider/aligo"
	"creditmsg/internal/provider/nhncloud"
	"creditmsg/internal/provider/sendgo"
	"creditmsg/internal/provider/sens"
	"creditmsg/internal/provider/simulator"
	"creditmsg/internal/provider/solapi"
)

// alone runs a test on every engine, in a shop whose world has one account.
func alone(t *testing.T, test func(s *shop)) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			w, ok := houses[engine+" alone"]
			if !ok {
				w = still(forAll, engine, worldOptions{delivery: Options{Rest: time.Microsecond}})
				houses[engine+" alone"] = w
			}
			test(w.open(t))
		})
	}
}

// upload puts up a picture of the shop, other than all others. It gives its name, its id as a
// site writes it and the digest of its bytes.
func (s *shop) upload() (n attachment.Name, text, digest string) {
	s.t.Helper()
	dots := image.NewGray(image.Rect(0, 0, 64, 8))
	serial := shops.Add(1)
	for bit := range 64 {
		dots.SetGray(bit, bit%8, color.Gray{Y: uint8(serial >> bit & 1 * 255)})
	}
	var buf bytes.Buffer
	s.must(jpeg.Encode(&buf, dots, nil))
	a, err := s.pictures.Add(context.Background(), s.name, attachment.Upload{Title: "a.jpg", Content: buf.Bytes()})
	s.must(err)
	sum := sha256.Sum256(buf.Bytes())
	return a.Name, a.ID.Text(id.Attachment), hex.EncodeToString(sum[:])
}

// showing is a request for an MMS with these pictures.
func showing(ids ...string) message.Request {
	r := textOnly("여름 할인")
	r.Text.Attachments = ids
	return r
}

// counting counts the requests to the vendor whose path ends so, and lets them pass.
func (s *shop) counting(path string) *atomic.Int32 {
	n := &atomic.Int32{}
	s.wrong(trouble{path: path, pass: true, always: true, before: func() { n.Add(1) }})
	return n
}

const solapiUpload = "/storage/v1/files"

// shown are the pictures of each leg that the vendor took of a message.
func (s *shop) shown(key message.Key) (list [][]string) {
	s.t.Helper()
	for _, r := range s.taken(key) {
		list = append(list, pick(r.Pictures, func(p simulator.Shown) string { return p.SHA256 }))
	}
	return list
}

func (s *shop) needed(n attachment.Name) (needed bool) {
	s.t.Helper()
	s.must(s.d.View(context.Background(), "test", func(tx *db.Tx) error {
		a, err := s.pictures.Find(tx, n)
		needed = a.Needed
		return err
	}))
	return needed
}

func TestAnMMSReachesThePhoneWithItsPicture(t *testing.T) {
	alone(t, func(s *shop) {
		n, picture, digest := s.upload()
		uploads := s.counting(solapiUpload)
		key := s.handed(showing(picture), 2)
		s.wantTaken(key, "mms", "mms")
		if diff := cmp.Diff([][]string{{digest}, {digest}}, s.shown(key)); diff != "" {
			s.t.Errorf("shown (-want +got):\n%s", diff)
		}
		s.wantMoney(1000-240, 240, 0)
		s.says(key, 0, "4000")
		s.says(key, 1, "3032")
		s.wantMoney(1000-120, 0, 120)
		again := s.handed(showing(picture), 1)
		s.wantTaken(again, "mms")
		if uploads.Load() != 1 {
			s.t.Errorf("uploads: got %d, want one", uploads.Load())
		}
		if s.says(again, 0, "4000"); s.needed(n) {
			s.t.Error("the picture is needed by messages that are done")
		}
	})
}

func TestTheFallbackOfAnAlimtalkShowsItsPicture(t *testing.T) {
	alone(t, func(s *shop) {
		_, picture, digest := s.upload()
		r := request(message.AlimtalkFirst)
		r.Text.Attachments = []string{picture}
		key := s.handed(r, 1)
		s.says(key, 0, "3104") // not on Kakao
		s.pass(5 * time.Second)
		s.wantTaken(key, "alimtalk", "mms")
		if diff := cmp.Diff([][]string{{}, {digest}}, s.shown(key)); diff != "" {
			s.t.Errorf("shown (-want +got):\n%s", diff)
		}
		s.says(key, 0, "4000")
		s.wantMoney(1000-120, 0, 120)
	})
}

func TestAPictureIsUploadedAnewBeforeTheVendorForgetsIt(t *testing.T) {
	s := still(t, "sqlite", worldOptions{asked: true}).open(t)
	_, picture, _ := s.upload()
	uploads := s.counting("/files")
	for _, c := range []struct {
		after time.Duration
		want  int32
	}{{0, 1}, {5 * 24 * time.Hour, 1}, {12 * time.Hour, 2}, {time.Hour, 2}} {
		s.pass(c.after)
		s.handed(showing(picture), 1)
		if got := uploads.Load(); got != c.want {
			t.Errorf("%s later: got %d uploads, want %d", c.after, got, c.want)
		}
	}
}

func TestCallsAtOnceShareTheUploadOfAPicture(t *testing.T) {
	s := still(t, "sqlite", worldOptions{asked: true}).open(t)
	_, picture, digest := s.upload()
	uploads := s.counting("/files")
	s.update(func(tx *db.Tx) error {
		_, err := s.ledger.Add(tx, credit.TopUp{Site: s.name, Kind: credit.Adjustment, Amount: 100_000 * money.Won, Note: "test"})
		return err
	})
	key := s.handed(showing(picture), 350) // of which a call takes a hundred
	if n := len(s.calls(key)); n < 4 || uploads.Load() != 1 {
		t.Errorf("got %d calls and %d uploads, want one upload for all", n, uploads.Load())
	}
	for _, r := range s.sim.Received() {
		if len(r.Pictures) != 1 || r.Pictures[0].SHA256 != digest {
			t.Fatalf("received %+v, want the picture", r)
		}
	}
}

func TestAnAccountThatTakesFewerPicturesIsNotChosen(t *testing.T) {
	each := func(kinds map[string]func(provider.Account) (provider.Provider, error)) func(url string) []Carrier {
		return func(url string) (list []Carrier) {
			for name, make := range kinds {
				a := provider.Account{Name: name, Kind: name, URL: url, APIKey: simulator.DefaultKey, APISecret: simulator.DefaultSecret, Webhook: provider.Webhook{Secret: "s"}}
				if name == "sens" {
					a.Settings = map[string]string{"sms_service": "ncp:sms:kr:123456789012:sim"}
				}
				adapter, err := make(a)
				if err != nil {
					panic(err)
				}
				list = append(list, Carrier{Account: a, Adapter: adapter})
			}
			return list
		}
	}
	few := map[string]func(provider.Account) (provider.Provider, error){"solapi": solapi.New, "sens": sens.New}
	s := still(t, "sqlite", worldOptions{carriers: each(few)}).open(t)
	_, one, _ := s.upload()
	_, two, _ := s.upload()
	if _, err := s.send(s.name, showing(one, two), silent(0)); err == nil || !strings.Contains(err.Error(), "at most 1") {
		t.Errorf("two pictures where nobody takes two: got %v", err)
	}
	for kind, make := range map[string]func(provider.Account) (provider.Provider, error){"nhncloud": nhncloud.New, "aligo": aligo.New, "sendgo": sendgo.New} {
		kinds := map[string]func(provider.Account) (provider.Provider, error){"solapi": solapi.New, "sens": sens.New, kind: make}
		s := still(t, "sqlite", worldOptions{carriers: each(kinds)}).open(t)
		_, one, first := s.upload()
		_, two, second := s.upload()
		_, three, third := s.upload()
		var keys []message.Key
		for i := range 6 {
			keys = append(keys, s.sent(s.name, showing(three, one, two), silent(i)))
		}
		s.drain()
		for _, key := range keys {
			if got := s.calls(key)[0]; got.Provider != kind || got.State != answered {
				t.Errorf("%s: the call of three pictures went to %s and is %s", kind, got.Provider, got.State)
			}
		}
		for _, r := range s.sim.Received() {
			if got := pick(r.Pictures, func(p simulator.Shown) string { return p.SHA256 }); !slices.Equal(got, []string{third, first, second}) {
				t.Errorf("%s: shown %v, want the three in their order", kind, got)
			}
		}
	}
}

// TestAMessageWithoutPicturesTouchesNothingOfThem takes their tables away: what is not used
// must cost nothing.
func TestAMessageWithoutPicturesTouchesNothingOfThem(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			s := still(t, engine, worldOptions{}).open(t)
			for _, table := range []string{"attachment", "attachment_use", "attachment_upload"} {
				s.update(func(tx *db.Tx) error { _, err := tx.Exec(`DROP TABLE ` + table); return err })
			}
			key := s.handed(request(message.AlimtalkFirst), 2)
			s.says(key, 0, "4000")
			s.says(key, 1, "3104") // not on Kakao
			s.pass(5 * time.Second)
			s.says(key, 1, "4000")
			cancelled := s.accept(textOnly("a"), 1)
			_, err := s.messages.Cancel(context.Background(), cancelled)
			s.must(err)
			s.drain()
			s.wantMessage(key, message.StateDone)
			s.wantMoney(1000-9-18, 0, 27)
		})
	}
}
