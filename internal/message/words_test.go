package message

import (
	"errors"
	"strings"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

// block puts words on the shop's list, or on that of all.
func (s *shop) block(list string, words ...string) {
	s.t.Helper()
	s.update(func(tx *db.Tx) error {
		_, err := site.AddWords(tx, list, words)
		return err
	})
}

func TestBlockedWordsAreRejectedInWhateverAPhoneShows(t *testing.T) {
	onEachOwn(t, func(s *shop) {
		s.block("", "카지노")
		s.block(s.name, "대출")
		for name, c := range map[string]struct {
			request Request
			value   string
			word    string // "" = it is accepted
		}{
			"a text":                        {textOnly("카 지 노 #{이름}"), "김", "카지노"},
			"a text with the shop's word":   {textOnly("급한 대출"), "김", "대출"},
			"a value":                       {textOnly("#{이름}님"), "온라인카지노", "카지노"},
			"a value that completes a word": {textOnly("카지#{이름}"), "노", "카지노"},
			"a harmless text":               {textOnly("모카지 노래, #{이름}"), "그대 출발", ""},
			"a value of an Alimtalk":        {kakaoFirst(), "카지노", "카지노"},
			"the text after an Alimtalk": {Request{Strategy: AlimtalkFirst, TemplateCode: "RESERVE_01", Text: &TextRequest{Body: "대출"}},
				"김", "대출"},
		} {
			d := s.draft(c.request)
			s.must(d.Add(ctx, phone(0), map[string]string{"이름": c.value}))
			receipt, err := d.Accept(ctx, nil)
			if c.word == "" {
				s.must(err)
				continue
			}
			rejections := d.receipt.Rejections
			if !fault.Is(err, fault.Invalid) || len(rejections) != 1 || rejections[0].Code != BlockedWord || !strings.Contains(rejections[0].Detail, c.word) {
				s.t.Errorf("%s: %+v, %v; rejected %+v", name, receipt, err, rejections)
			}
		}
	})
}

func TestASubjectCountsWhereItIsShown(t *testing.T) {
	s := own(t, "sqlite")
	s.block("", "카지노")
	r := textOnly("짧은 글")
	r.Text.Subject = "카지노"
	s.accept(r, 1) // as an SMS, which has none
	r.Text.Body = strings.Repeat("긴 글 ", 30)
	d := s.draft(r)
	s.must(d.Add(ctx, phone(0), nil))
	if _, err := d.Accept(ctx, nil); !fault.Is(err, fault.Invalid) || d.receipt.RejectedBy[BlockedWord] != 1 {
		t.Errorf("a long text with it in its subject: %v, rejected %v", err, d.receipt.RejectedBy)
	}
}

func TestAButtonOfATemplateHasNoBlockedWord(t *testing.T) {
	s := own(t, "sqlite")
	s.block("", "bad.example", "도박")
	for code, button := range map[string]provider.Button{
		"NAME_01": {Type: "WL", Name: "도박하기", URLMobile: "https://good.example"},
		"LINK_01": {Type: "WL", Name: "열기", URLMobile: "https://bad.example/#{이름}"},
	} {
		s.update(func(tx *db.Tx) error {
			_, err := AddTemplate(tx, Template{Site: s.name, Code: code, Name: code, Channel: "@demo", Body: "#{이름}님", State: TemplateApproved, Buttons: []provider.Button{button}})
			return err
		})
		d := s.draft(Request{Strategy: AlimtalkFirst, TemplateCode: code})
		s.must(d.Add(ctx, phone(0), map[string]string{"이름": "김"}))
		if _, err := d.Accept(ctx, nil); !fault.Is(err, fault.Invalid) || d.receipt.RejectedBy[BlockedWord] != 1 {
			t.Errorf("%s: %v, rejected %v", code, err, d.receipt.RejectedBy)
		}
	}
}

func TestAQuoteKnowsBlockedWords(t *testing.T) {
	s := own(t, "sqlite")
	s.block(s.name, "카지노")
	for what, body := range map[string]string{"a fixed text": "카지노", "one with a variable": "카지노 #{이름}"} {
		d, err := s.service.Estimate(ctx, s.name, textOnly(body))
		s.must(err)
		s.must(d.AddMany(10))
		if d.receipt.RejectedBy[BlockedWord] != 10 {
			t.Errorf("%s: rejected %v", what, d.receipt.RejectedBy)
		}
	}
}

// A list that is known is asked for once; its site goes by what is known, without a look.
func TestBlockedWordsAreRememberedByTheirDigest(t *testing.T) {
	s := own(t, "sqlite")
	s.block("", "카지노")
	s.block(s.name, "대출")
	s.accept(textOnly("안녕"), 1)
	known := func() error {
		d, err := s.service.DraftKnown(s.name, Known{Rev: s.rev()}, textOnly("안녕"))
		if err == nil {
			_, err = s.add(d, 1).Accept(ctx, nil)
		}
		return err
	}
	s.must(known())
	s.block("", "도박")
	if err := known(); !errors.Is(err, ErrOutdated) {
		t.Errorf("after a new word: %v", err)
	}
	s.accept(textOnly("안녕"), 1)
	s.must(known())
	s.service.vocabulary = vocabulary{}
	if err := known(); !errors.Is(err, ErrOutdated) {
		t.Errorf("without the lists: %v", err)
	}
	v := &s.service.vocabulary
	for i := range 5 {
		v.words = mostWords - i
		v.learn([]string{"하나", strings.Repeat("가", i+1)})
	}
	if v.words > mostWords || len(v.lists) > 5 {
		t.Errorf("%d words of %d lists are remembered", v.words, len(v.lists))
	}
}
