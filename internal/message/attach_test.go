package message

import (
	"bytes"
	"image"
	"image/jpeg"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/attachment"
	"creditmsg/internal/blob"
	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// pictures uploads n pictures of the shop, and gives their names as a site writes them.
func (s *shop) pictures(n int) (names []attachment.Name, texts []string) {
	s.t.Helper()
	store, err := blob.Open(blob.Options{URL: "file:" + s.t.TempDir()})
	s.must(err)
	service := attachment.New(s.d, s.keys, store, nil)
	for i := range n {
		var buf bytes.Buffer
		s.must(jpeg.Encode(&buf, image.NewGray(image.Rect(0, 0, 10+i, 8)), nil))
		a, err := service.Add(ctx, s.name, attachment.Upload{Title: "a.jpg", Content: buf.Bytes()})
		s.must(err)
		names, texts = append(names, a.Name), append(texts, a.ID.Text(id.Attachment))
	}
	return names, texts
}

// needed reports which attachments a message needs.
func (s *shop) needed(names ...attachment.Name) (out []bool) {
	s.t.Helper()
	store, err := blob.Open(blob.Options{URL: "file:" + s.t.TempDir()})
	s.must(err)
	service := attachment.New(s.d, s.keys, store, nil)
	s.view(func(tx *db.Tx) error {
		for _, n := range names {
			a, err := service.Find(tx, n)
			if err != nil {
				return err
			}
			out = append(out, a.Needed)
		}
		return nil
	})
	return out
}

// showing is a request for a text with pictures.
func showing(ids ...string) Request {
	r := textOnly("여름 할인")
	r.Text.Attachments = ids
	return r
}

func TestATextWithPicturesIsAnMMSHoweverShort(t *testing.T) {
	onEach(t, func(s *shop) {
		names, ids := s.pictures(2)
		d := s.add(s.draft(showing(ids...)), 2)
		receipt, err := d.Accept(ctx, nil)
		s.must(err)
		mms := credit.Default[provider.MMS]
		if receipt.Tally.Planned[provider.MMS] != 2 || receipt.Tally.Held != 2*mms {
			s.t.Errorf("receipt %+v, want two MMS at %s", receipt.Tally, mms)
		}
		if diff := cmp.Diff([]bool{true, true}, s.needed(names...)); diff != "" {
			s.t.Errorf("needed (-want +got):\n%s", diff)
		}
		m := s.find(receipt.Message)
		s.view(func(tx *db.Tx) error {
			content, err := s.service.Content(tx, m)
			if err != nil {
				return err
			}
			w := NewWording(content)
			if diff := cmp.Diff([]id.ID{names[0].ID, names[1].ID}, w.Shows()); diff != "" {
				s.t.Errorf("shows (-want +got):\n%s", diff)
			}
			leg := w.Leg(provider.MMS, Person{Mobile: 12_345_678}, "solapi")
			if len(leg.Pictures) != 2 || leg.Pictures[0].Name != attachment.UpstreamName(names[0].ID) || leg.Pictures[1].Name != attachment.UpstreamName(names[1].ID) {
				s.t.Errorf("leg %+v, want its two pictures in their order", leg)
			}
			return nil
		})
	})
}

func TestTheFallbackOfAnAlimtalkMayBeAnMMS(t *testing.T) {
	s := one(t)
	_, ids := s.pictures(1)
	r := kakaoFirst()
	r.Text.Attachments = ids
	receipt := s.accept(r, 1)
	if receipt.Tally.Planned[provider.Alimtalk] != 1 || receipt.Tally.Fallback[provider.MMS] != 1 || receipt.Tally.Held != credit.Default[provider.MMS] {
		t.Errorf("receipt %+v, want an Alimtalk and the price of an MMS held", receipt.Tally)
	}
	m := s.find(receipt.Message)
	s.view(func(tx *db.Tx) error {
		content, err := s.service.Content(tx, m)
		if err != nil {
			return err
		}
		w := NewWording(content)
		for channel, want := range map[provider.Channel]int{provider.Alimtalk: 0, provider.MMS: 1} {
			if leg := w.Leg(channel, Person{Mobile: 12_345_678, Values: []string{"김하나"}}, "solapi"); len(leg.Pictures) != want {
				t.Errorf("%s: got %d pictures, want %d", channel, len(leg.Pictures), want)
			}
		}
		return nil
	})
}

func TestTheCheaperWayIsFoundByThePriceOfTheMMS(t *testing.T) {
	s := one(t)
	_, ids := s.pictures(1)
	for name, c := range map[string]struct {
		kakao money.Amount
		first provider.Channel
	}{
		"an Alimtalk as dear as the MMS": {credit.Default[provider.MMS], provider.Alimtalk},
		"a dearer one":                   {credit.Default[provider.MMS] + 1, provider.MMS},
	} {
		s.update(func(tx *db.Tx) error {
			return credit.SetPrices(tx, s.name, map[provider.Channel]money.Amount{provider.Alimtalk: c.kakao}, 0)
		})
		r := kakaoFirst()
		r.Strategy, r.Text.Attachments = CostOptimized, ids
		receipt := s.accept(r, 1)
		if receipt.Tally.Planned[c.first] != 1 {
			t.Errorf("%s: got %+v, want %s first", name, receipt.Tally, c.first)
		}
	}
}

func TestAnMMSKeepsTheLimitsOfLongTexts(t *testing.T) {
	s := one(t)
	_, ids := s.pictures(1)
	r := showing(ids...)
	r.Text.Body, r.Text.Subject = "#{이름}", "제목"
	d := s.draft(r)
	for text, want := range map[string]string{"짧은 글": "", strings.Repeat("가", 1000): "", strings.Repeat("가", 1000) + "a": TextTooLong} {
		before := len(d.receipt.Rejections)
		s.must(d.Add(ctx, phone(len(text)), map[string]string{"이름": text}))
		got := ""
		if len(d.receipt.Rejections) > before {
			got = d.receipt.Rejections[before].Code
		}
		if got != want {
			t.Errorf("%.12q of %d bytes: got %q, want %q", text, len(text), got, want)
		}
	}
	r.Text.MaxChannel = provider.LMS
	d = s.draft(r)
	s.must(d.Add(ctx, phone(0), map[string]string{"이름": "짧은 글"}))
	if len(d.receipt.Rejections) != 1 || d.receipt.Rejections[0].Code != OverMaxChannel {
		t.Errorf("with max_channel lms: got %+v, want %s", d.receipt.Rejections, OverMaxChannel)
	}
	// The subject, which an SMS drops, stays with a short MMS.
	m := s.find(s.accept(func() Request { r := showing(ids...); r.Text.Subject = "제목"; return r }(), 1).Message)
	s.view(func(tx *db.Tx) error {
		content, err := s.service.Content(tx, m)
		if leg := NewWording(content).Leg(provider.MMS, Person{}, ""); leg.Subject != "제목" {
			t.Errorf("subject %q", leg.Subject)
		}
		return err
	})
}

func TestAnAttachmentThatCannotBeShownIsRefusedAtItsPlace(t *testing.T) {
	onEach(t, func(s *shop) {
		_, ids := s.pictures(4)
		_, foreign := open(s.t, s.d.Engine()).pictures(1)
		unknown := id.New().Text(id.Attachment)
		for name, c := range map[string]struct {
			ids []string
			at  string
		}{
			"an unknown one":      {[]string{ids[0], unknown}, "/text/attachments/1"},
			"another site's":      {[]string{foreign[0]}, "/text/attachments/0"},
			"an id of other kind": {[]string{ids[0], id.New().Text(id.Message)}, "/text/attachments/1"},
			"nothing like an id":  {[]string{"photo.jpg"}, "/text/attachments/0"},
			"the same twice":      {[]string{ids[0], ids[1], ids[0]}, "/text/attachments/2"},
			"more than three":     {ids, "/text/attachments"},
		} {
			_, err := s.service.Draft(ctx, s.name, showing(c.ids...))
			if wantFault(s.t, err, fault.Invalid, fault.CodeValidation, c.at); s.t.Failed() {
				s.t.Fatalf("%s: %v", name, err)
			}
		}
		_, err := s.service.Draft(ctx, s.name, showing(unknown, ids[0], foreign[0]))
		if f := fault.Of(err); len(f.Fields) != 2 || f.Fields[0].Pointer != "/text/attachments/0" || f.Fields[1].Pointer != "/text/attachments/2" {
			s.t.Errorf("two unknown ones: got %v, want both places", err)
		}
		s.wantMoney(1000, 0, 0)
	})
}

func TestPicturesAreRefusedWhereNoAccountTakesThem(t *testing.T) {
	texts := func(_ string, c provider.Channel) bool { return c != provider.MMS }
	s := newHouse(t, "sqlite", Options{Offered: texts}).open(t, 100)
	_, ids := s.pictures(2)
	_, err := s.service.Draft(ctx, s.name, showing(ids...))
	wantFault(t, err, fault.Invalid, fault.CodeChannelNotAvailable, "/text/attachments")
	s.accept(textOnly("a"), 1)

	alone := func(_ string, c provider.Channel) bool { return c == provider.MMS }
	s = newHouse(t, "sqlite", Options{Offered: alone, Pictures: func(string) int { return 1 }}).open(t, 1000)
	_, ids = s.pictures(2)
	_, err = s.service.Draft(ctx, s.name, showing(ids...))
	wantFault(t, err, fault.Invalid, fault.CodeValidation, "/text/attachments")
	s.accept(showing(ids[0]), 1)
}

func TestAnEstimateKnowsMMSAndNeedsNothing(t *testing.T) {
	s := one(t)
	names, ids := s.pictures(1)
	d := s.draft(showing(ids...))
	s.must(d.Add(ctx, phone(1), nil))
	q, err := d.Quote(ctx)
	s.must(err)
	if n, unit, cost := q.ByChannel(provider.MMS); n != 1 || unit != credit.Default[provider.MMS] || cost != unit {
		t.Errorf("quote: got %d at %s = %s", n, unit, cost)
	}
	if s.needed(names...)[0] {
		t.Error("an estimate makes the picture needed")
	}
}

func TestAPictureThatIsDeletedBeforeTheMessageIsAcceptedRefusesIt(t *testing.T) {
	onEach(t, func(s *shop) {
		names, ids := s.pictures(2)
		d := s.add(s.draft(showing(ids...)), 2)
		s.update(func(tx *db.Tx) error { return attachment.Remove(tx, names[1]) })
		_, err := d.Accept(ctx, nil)
		wantFault(s.t, err, fault.Invalid, fault.CodeValidation, "/text/attachments")
		s.wantMoney(1000, 0, 0)
		if s.needed(names[0])[0] {
			s.t.Error("the other picture is needed by a message that is not there")
		}
		// What it was accepted with has no say about others.
		s.accept(showing(ids[0]), 1)
	})
}

func TestAPictureIsNeededUntilTheLastMessageOfItIsDone(t *testing.T) {
	onEach(t, func(s *shop) {
		names, ids := s.pictures(1)
		first, second := s.accept(showing(ids...), 2).Message, s.accept(showing(ids...), 1).Message
		s.hand(first, failing)
		if !s.needed(names...)[0] {
			s.t.Fatal("not needed any more, though one message waits")
		}
		_, err := s.service.Cancel(ctx, second)
		s.must(err)
		s.drain()
		if s.needed(names...)[0] {
			s.t.Error("needed by no message, and kept for ever")
		}
	})
}

func TestALargeMessageShowsItsPicturesToo(t *testing.T) {
	s := newHouse(t, "sqlite", Options{}).open(t, 1_000_000)
	names, ids := s.pictures(1)
	receipt := s.accept(showing(ids...), (keepBatches+2)*BatchSize)
	if m := s.find(receipt.Message); !m.pictured() || !s.needed(names...)[0] {
		t.Error("a staged message does not need its picture")
	}
}
