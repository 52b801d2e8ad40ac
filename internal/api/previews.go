package api

import (
	"fmt"
	"net/http"
	"reflect"

	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// previewView is what one recipient of a message would see.
type previewView struct {
	Strategy       string            `json:"strategy"`
	Variables      []previewValue    `json:"variables" doc:"All that the message uses, in the order of their first use."`
	Rejection      *previewRejection `json:"rejection" doc:"Why this recipient would not be accepted, as far as that depends on the message; null = he would be."`
	Steps          []previewStep     `json:"steps" doc:"The legs by which he may be reached, in their order: the second is taken only when the first fails."`
	RecipientCount int64             `json:"recipient_count,omitempty" doc:"As the request has it."`
}

type previewValue struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Sample bool   `json:"sample" doc:"No value was given: it shows its own name."`
}

type previewRejection struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// previewStep is one leg.
type previewStep struct {
	Channel  string           `json:"channel" enum:"alimtalk,sms,lms,mms"`
	Price    money.Amount     `json:"price" doc:"Of one recipient."`
	Alimtalk *previewAlimtalk `json:"alimtalk,omitempty" doc:"As Kakao shows it, from above."`
	Text     *previewText     `json:"text,omitempty" doc:"As a phone shows it."`
}

type previewAlimtalk struct {
	TemplateCode string             `json:"template_code"`
	TemplateName string             `json:"template_name"`
	Channel      string             `json:"channel" doc:"The Kakao channel that it comes from." example:"@demo"`
	Title        string             `json:"title,omitempty" doc:"Emphasised, above the body."`
	Subtitle     string             `json:"subtitle,omitempty" doc:"Below the title."`
	ItemList     *provider.ItemList `json:"item_list,omitempty" doc:"The table above the body, with its header and highlight."`
	Body         string             `json:"body"`
	Extra        string             `json:"extra,omitempty" doc:"Fixed words below the body."`
	Buttons      []buttonView       `json:"buttons"`
	QuickReplies []buttonView       `json:"quick_replies"`
	Secure       bool               `json:"secure,omitempty" doc:"The words are shown on the main device alone."`
	Characters   int                `json:"characters" doc:"Of the body, as Kakao counts them."`
	Limit        int                `json:"limit" doc:"How many it may have."`
}

type previewText struct {
	From         string       `json:"from"`
	Subject      string       `json:"subject,omitempty" doc:"Of a long text; where the message has none it is the first line."`
	Body         string       `json:"body" doc:"As it is sent: with the marks of advertising."`
	Advertising  bool         `json:"advertising,omitempty"`
	Attachments  []string     `json:"attachments" doc:"The pictures of an MMS: att_…"`
	Bytes        int          `json:"bytes" doc:"Of the body in CP949, as carriers count them."`
	Limit        int          `json:"limit" doc:"How many a text of this kind may have."`
	SubjectBytes int          `json:"subject_bytes"`
	SubjectLimit int          `json:"subject_limit"`
	Coaching     coachingView `json:"coaching"`
}

// coachingView is what could be better about a text.
type coachingView struct {
	Unsupported []unsupportedView `json:"unsupported" doc:"Characters that CP949 lacks: without replace_unsupported nobody can be sent them."`
	Over        *overView         `json:"over" doc:"What is too much for an SMS, or for any text; null = nothing."`
	Shorter     *shorterView      `json:"shorter" doc:"Another wording that says the same and goes by a cheaper kind of text, or can be sent at all; null = there is none."`
}

type unsupportedView struct {
	Part       string  `json:"part" enum:"body,subject"`
	Character  string  `json:"character"`
	CodePoint  string  `json:"code_point" example:"U+1F600"`
	Places     []int   `json:"places" doc:"In the text as it is written, in characters from 0; the first hundred."`
	Count      int     `json:"count"`
	Substitute *string `json:"substitute" doc:"What a reader would hardly tell from it; an empty one says that it can be left out, null that there is none."`
}

type overView struct {
	Limit         int    `json:"limit" doc:"In bytes."`
	BytesOver     int    `json:"bytes_over" doc:"How many there are too many."`
	FromByte      int    `json:"from_byte" doc:"The bytes before the first character that does not fit."`
	FromCharacter int    `json:"from_character" doc:"The characters before it."`
	Rest          string `json:"rest" doc:"From there on, at most 200 bytes."`
}

type shorterView struct {
	Body              string        `json:"body" doc:"To be put in the place of text.body, with its variables."`
	Bytes             int           `json:"bytes" doc:"As it is sent, with this recipient's variables."`
	Channel           string        `json:"channel" enum:"sms,lms,mms"`
	Changes           []shorterStep `json:"changes" doc:"What was done, kind by kind."`
	SavedPerRecipient money.Amount  `json:"saved_per_recipient" doc:"In won, at the site's prices; 0 where the text as it is cannot be sent."`
	SavedInAll        *money.Amount `json:"saved_in_all,omitempty" doc:"For recipient_count people."`
}

type shorterStep struct {
	Kind   string          `json:"kind" enum:"replaced,line_ends,blanks,blank_lines,half_width,quotes,dots,rules,decorations,no_blank_line"`
	TextKo string          `json:"text_ko"`
	TextEn string          `json:"text_en"`
	Count  int             `json:"count"`
	Bytes  int             `json:"bytes_saved"`
	Some   []shorterChange `json:"examples" doc:"The first that differ."`
}

type shorterChange struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// shorteningWords say what each kind of change does.
var shorteningWords = map[korea.Shortening][2]string{
	korea.ShortenReplaced:    {"보낼 수 없는 글자를 비슷한 글자로 바꿈", "characters that cannot be sent are others that look alike"},
	korea.ShortenLineEnds:    {"줄 끝과 글 끝의 빈칸을 없앰", "blanks at the ends of lines and of the text are gone"},
	korea.ShortenBlanks:      {"이어진 빈칸을 하나로 줄임", "several blanks in a row are one"},
	korea.ShortenBlankLines:  {"이어진 빈 줄을 하나로 줄임", "several blank lines in a row are one"},
	korea.ShortenHalfWidth:   {"전각 글자를 반각으로 바꿈", "letters of full width are of half width"},
	korea.ShortenQuotes:      {"둥근 따옴표를 곧은 따옴표로 바꿈", "typographic quotes are plain ones"},
	korea.ShortenDots:        {"이어진 점을 말줄임표 하나로 바꿈", "several dots are an ellipsis"},
	korea.ShortenRules:       {"선으로만 된 줄을 없앰", "lines of strokes alone are gone"},
	korea.ShortenDecorations: {"장식 기호와 그림 글자를 없앰", "decorations and emoji are gone"},
	korea.ShortenNoBlankLine: {"빈 줄을 없앰", "blank lines are gone"},
}

// examplePreview is what the document shows.
const examplePreview = `{"strategy": "alimtalk_first", "alimtalk": {"template_code": "RESERVE_01"},
  "text": {"body": "#{이름}님, 예약이 확정되었습니다.  ★오시기 전에 연락 주세요★"}, "variables": {"이름": "김하나"}, "recipient_count": 1000}`

// previews declares the route that shows a message before it is sent.
func previews(a *api) {
	o := operation{
		id: "previewMessage", method: http.MethodPost, path: "/v1/messages/preview", tag: "Messages", ability: "messages:read", status: http.StatusOK, unkeyed: true,
		summary: "Show what a phone would show of a message",
		about: "Takes the body of a message without its recipients, the `variables` of one of them, and `recipient_count` for what could be saved in all. Of `recipients`, if they are given, the first one is shown. " +
			"Variables that are lacking show their names. Each leg of the strategy is shown as it is sent, and for each text what could be better: characters that cannot be sent, what makes it a long text, " +
			"and a shorter wording that says the same, if a cheaper kind of text has room for it. It holds nothing, and nobody is asked whether he opted out.",
		codes: append([]string{fault.CodeMalformed, fault.CodeBodyTooLarge, fault.CodeUnsupportedMedia}, a.refusalsOfSending()...),
		body:  a.describePreview(),
	}
	plain(a, o, reflect.TypeFor[previewView](), a.answering(a.preview))
}

// toPreview reads the body of a preview.
func toPreview(body []byte) (*order, error) {
	o, err := readOrder(body, &order{looked: true, withList: true})
	if err != nil {
		return nil, err
	}
	if o.recipients != nil {
		r := &reading{data: o.recipients}
		r.elements(func(i int) {
			first := r.person(map[string]string{})
			if i == 0 && o.variables == nil {
				o.variables = first.Variables
			}
		})
		if o.count == 0 {
			o.count = int64(o.named)
		}
	}
	return o, nil
}

func (a *api) preview(w http.ResponseWriter, r *http.Request, x *exchange) (*reply, error) {
	if _, err := mediaOf(r, false); err != nil {
		return nil, err
	}
	body, release, err := a.whole(w, r, maxBody)
	defer release()
	if err != nil {
		return nil, err
	}
	o, err := toPreview(body)
	if err != nil {
		return nil, err
	}
	p, err := a.Messages.Preview(r.Context(), x.site, o.Request, o.variables)
	if err != nil {
		return nil, err
	}
	view, err := showPreview(o, p)
	if err != nil {
		return nil, err
	}
	return rendered(http.StatusOK, view)
}

func showPreview(o *order, p message.Preview) (previewView, error) {
	v := previewView{Strategy: string(o.Strategy), Variables: []previewValue{}, Steps: []previewStep{}, RecipientCount: o.count}
	for _, one := range p.Variables {
		v.Variables = append(v.Variables, previewValue(one))
	}
	if p.Code != "" {
		v.Rejection = &previewRejection{p.Code, p.Detail}
	}
	for _, s := range p.Steps {
		one := previewStep{Channel: s.Channel.String(), Price: s.Price}
		if t := s.Alimtalk; t != nil {
			one.Alimtalk = &previewAlimtalk{t.Code, t.Name, t.Channel, t.Title, t.Subtitle, t.Items, t.Body, t.Extra, showButtons(t.Buttons), showButtons(t.QuickReplies), t.Secure, t.Characters, t.Limit}
		}
		if t := s.Text; t != nil {
			coaching, err := showCoaching(t.Coaching, o.count)
			if err != nil {
				return v, err
			}
			one.Text = &previewText{string(t.From), t.Subject, t.Body, t.Advertising, present(t.Attachments), t.Bytes, t.Limit, t.SubjectBytes, korea.SubjectBytes, coaching}
		}
		v.Steps = append(v.Steps, one)
	}
	return v, nil
}

func showCoaching(c message.Coaching, count int64) (coachingView, error) {
	v := coachingView{Unsupported: []unsupportedView{}}
	for _, part := range []struct {
		name string
		list []korea.Unsendable
	}{{"body", c.Body}, {"subject", c.Subject}} {
		for _, u := range part.list {
			one := unsupportedView{Part: part.name, Character: string(u.Character), CodePoint: fmt.Sprintf("%U", u.Character), Places: u.Places, Count: u.Count}
			if u.Known {
				one.Substitute = &u.Substitute
			}
			v.Unsupported = append(v.Unsupported, one)
		}
	}
	if o := c.Over; o != nil {
		v.Over = &overView{o.Limit, o.Bytes, o.FromByte, o.At, o.Rest}
	}
	if s := c.Shorter; s != nil {
		v.Shorter = &shorterView{Body: s.Body, Bytes: s.Bytes, Channel: s.Channel.String(), Changes: []shorterStep{}, SavedPerRecipient: s.Saved}
		for _, k := range s.Steps {
			one := shorterStep{Kind: string(k.Kind), TextKo: shorteningWords[k.Kind][0], TextEn: shorteningWords[k.Kind][1], Count: k.Count, Bytes: k.Saved, Some: []shorterChange{}}
			for _, change := range k.Some {
				one.Some = append(one.Some, shorterChange(change))
			}
			v.Shorter.Changes = append(v.Shorter.Changes, one)
		}
		if count > 0 {
			all, err := s.Saved.Times(count)
			if err != nil {
				return v, fmt.Errorf("sum up what a shorter text saves: %w", err)
			}
			v.Shorter.SavedInAll = &all
		}
	}
	return v, nil
}
