package message

import (
	"context"
	"slices"
	"time"

	"creditmsg/internal/attachment"
	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

// Rejection says why one recipient was not accepted.
type Rejection struct {
	Index  int64  `json:"index"`
	To     string `json:"to" people:"number"`
	Code   string `json:"code"`
	Detail string `json:"detail" people:"words" words:"ours"`
	Line   int64  `json:"line,omitempty"` // of the list, where there is one
}

// Duplicate names a recipient that was accepted earlier in the same request.
type Duplicate struct {
	Index      int64  `json:"index"`
	To         string `json:"to" people:"number"`
	FirstIndex int64  `json:"first_index"`
	Line       int64  `json:"line,omitempty"` // of the list, where there is one
	FirstLine  int64  `json:"first_line,omitempty"`
}

// because is the detail of a rejection. It is stored and shown as it is in English; what it was made of is
// found again, by comparing it with these formats, when it is to be read in another language.
func because(format string, args ...any) string { return fault.Say(format, args...).String() }

// Codes of rejections, in the order in which they are checked.
const (
	InvalidNumber        = "invalid_number"
	MissingVariable      = "missing_variable"
	UnsupportedCharacter = "unsupported_character"
	TextTooLong          = "text_too_long"
	OverMaxChannel       = "over_max_channel"
)

// maxShown bounds the rejections and duplicates that a reply lists.
const maxShown = 10_000

// Draft is a message that is being put together: it takes one recipient after
// another, checks each, and keeps only what sending needs. It belongs to one
// goroutine. End it with Accept, Estimate or Discard.
type Draft struct {
	s       *Service
	key     *site.Key
	request Request
	now     db.Time
	known   *Known // what it goes by was remembered; nil = it was read
	weight  int    // the site's part of the sending

	Message Key

	// Admit, if it is set, is asked right before the accept whether so many recipients may be
	// sent to. Its error refuses the message, of which nothing is held then.
	Admit func(ctx context.Context, recipients int64) error

	// Watch, if it is set, is told of each rejection, in the order of the recipients.
	Watch func(Rejection)

	content  Content
	template *Template         // of its Alimtalk; it is only read
	shows    []attachment.Name // the pictures of its text
	sealed   []byte            // the content, once the draft is finished or staged
	names    names
	rule     rule
	prices   credit.Prices
	advert   *Advert // nil = it is no advertisement
	named    bool    // it bears another number to opt out by than the site's
	asking           // what is asked of the database about recipients
	blocked  blocker

	classes     classes
	notesKakao  bool              // who turns out to be no Kakao user is remembered
	reviewAbove int64             // recipients; 0 = nobody else has to approve it
	seen        map[uint32]uint32 // accepted numbers and their index
	people      packer
	kept        []packed  // batches that are not staged
	keptRejects []rejects // and rejections
	refused     refuser
	batches     int
	staged      bool
	accepted    int64
	receipt     Receipt
	bytes       Range
	counting    bool // only counted, for a quote
	lines       lines
	notify      Notice
}

// Range is the shortest and the longest filled text, in CP949 bytes.
type Range struct{ Min, Max int }

// rule is how the recipients of one draft are reached: the compiled texts.
type rule struct {
	strategy Strategy
	policy   PolicySteps
	due      time.Time // when the message is due
	hasText  bool
	text     pattern
	subject  pattern
	replace  bool
	most     provider.Channel
	pictured bool      // the text is an MMS, however short
	approved bool      // the template can be sent
	kakao    []pattern // of the template, in the order of compileTemplate
	limits   []int     // of each
}

// Add takes the next recipient of a message that is no advertisement; see Take.
func (d *Draft) Add(ctx context.Context, to string, variables map[string]string) error {
	return d.Take(ctx, Candidate{To: to, Variables: variables})
}

// Take takes the next recipient. A recipient that cannot be sent is counted and
// remembered as a rejection; an error means that the draft itself cannot go on.
func (d *Draft) Take(ctx context.Context, c Candidate) error {
	one := candidate{Candidate: c, index: d.receipt.Total}
	d.receipt.Total++
	number, err := korea.ParseMobile(c.To)
	one.mobile, _ = number.Mobile()
	one.wrong = err != nil
	if d.first {
		return d.keep(ctx, one)
	}
	return d.decide(ctx, &one)
}

// decide accepts or refuses one candidate, about whom everything is known.
func (d *Draft) decide(ctx context.Context, c *candidate) error {
	to, index, mobile := c.To, c.index, c.mobile
	if c.wrong {
		return d.refuse(ctx, Rejection{Index: index, To: shown(to), Code: InvalidNumber, Detail: because("not a Korean mobile number (010 and eight digits)")})
	}
	if first, twice := d.seen[mobile]; twice && !d.request.AllowDuplicates {
		d.receipt.Duplicate++
		if len(d.receipt.Duplicates) < maxShown {
			d.receipt.Duplicates = append(d.receipt.Duplicates, Duplicate{index, shown(to), int64(first), d.lines.of(index), d.lines.of(int64(first))})
		}
		return nil
	}
	if d.judge(c); c.code != "" {
		return d.refuse(ctx, Rejection{Index: index, To: shown(to), Code: c.code, Detail: c.detail})
	}
	if c.recent != "" {
		return d.refuse(ctx, Rejection{Index: index, To: shown(to), Code: DuplicateRecently, Detail: c.recent})
	}
	class, err := d.classes.add(d.class(c.steps, c.offKakao))
	if err != nil {
		return err
	}
	d.seen[mobile] = uint32(index)
	d.accepted++
	d.noteUnasked(mobile)
	if d.counting {
		return nil
	}
	d.people.add(Person{Mobile: mobile, Class: class, Index: uint32(index), Values: d.consented(&c.Candidate, c.values)}, d.key.Fingerprint(mobile))
	if d.people.size == BatchSize {
		return d.closeBatch(ctx)
	}
	return nil
}

// judge finds by which steps a candidate is reached, or why it cannot be, as far as that
// depends on nobody else.
func (d *Draft) judge(c *candidate) {
	if c.judged {
		return
	}
	c.judged = true
	if c.optedOut != "" {
		c.code, c.detail = OptedOut, optedOutOf(c.optedOut)
		return
	}
	c.values = d.values(c.Variables)
	if c.steps, c.code, c.detail = d.rule.route(c.values, c.offKakao, &d.names, d.prices, &d.bytes); c.code != "" {
		return
	}
	if why := d.blocked.why(c.values, c.steps); why != "" {
		c.code, c.detail = BlockedWord, why
		return
	}
	if why := d.noConsent(&c.Candidate); why != "" {
		c.code, c.detail = NoConsent, why
	}
}

// class is how a recipient is reached.
func (d *Draft) class(steps []Step, offKakao bool) Class {
	return Class{Steps: steps, OffKakao: offKakao, NotesKakao: d.notesKakao && slices.ContainsFunc(steps, Step.kakao)}
}

// shown bounds what a reply repeats of a wrong number.
func shown(to string) string {
	if runes := []rune(to); len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return to
}

func (d *Draft) values(variables map[string]string) []string {
	values := make([]string, len(d.names.list))
	for i, name := range d.names.list {
		if values[i] = korea.Normalise(variables[name]); values[i] == "" && d.request.Test {
			values[i] = name // it shows where a value comes
		}
	}
	return values
}

func (d *Draft) refuse(ctx context.Context, r Rejection) error {
	r.Line = d.lines.of(r.Index)
	if d.Watch != nil {
		d.Watch(r)
	}
	d.receipt.Rejected++
	d.receipt.RejectedBy[r.Code]++
	if len(d.receipt.Rejections) < maxShown {
		d.receipt.Rejections = append(d.receipt.Rejections, r)
	}
	if d.counting {
		return nil
	}
	if d.refused.add(r); d.refused.size < BatchSize {
		return nil
	}
	return d.closeRefused(ctx)
}

// Draft begins a message: it checks everything that does not depend on a
// recipient and freezes the wording and the prices.
func (s *Service) Draft(ctx context.Context, siteID string, r Request) (*Draft, error) {
	d, err := s.newDraft(siteID, r, s.ask(ctx))
	if err == nil {
		err = d.attach(ctx)
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

func (s *Service) newDraft(siteID string, r Request, learn func(*Draft) (facts, error)) (*Draft, error) {
	if r.ValidFor == 0 {
		r.ValidFor = 24 * time.Hour
	}
	d := &Draft{s: s, request: r, Message: Key{siteID, id.New()}, seen: map[uint32]uint32{}}
	d.receipt.RejectedBy = map[string]int64{}
	if err := checkRequest(r); err != nil {
		return nil, err
	}
	f, err := learn(d)
	if err == nil {
		err = d.freeze(f)
	}
	if err != nil {
		return nil, err
	}
	if err := d.checkSubject(); err != nil {
		return nil, err
	}
	d.begin(f)
	d.blocked.begin(f.words, &d.rule, d.content.Alimtalk)
	d.content.Checked = d.checked(f)
	d.content.Title, d.content.Metadata, d.content.Variables, d.content.Test = r.Title, r.Metadata, d.names.list, r.Test
	if r.Tempo != (Tempo{}) {
		d.content.Tempo = &r.Tempo
	}
	if r.Resends != (Key{}) {
		d.content.Resends = r.Resends.ID.Text(id.Message)
	}
	return d, nil
}

// freeze takes what the draft goes by from now on.
func (d *Draft) freeze(f facts) error {
	d.now = f.now
	if err := checkSchedule(d.request.ScheduledAt, f.now); err != nil {
		return err
	}
	if f.err != nil {
		return f.err
	}
	if f.site.State != site.Active {
		return fault.New(fault.Locked, fault.CodeSiteSuspended, "site %s is suspended; its operator can resume it", f.site.ID)
	}
	d.key, d.prices, d.rule.strategy, d.weight, d.reviewAbove = f.key, f.prices, d.request.Strategy, f.site.Weight, f.site.Rules.ReviewAbove
	d.notify = d.request.Notify.of(f.site)
	d.rule.due = d.now.Time()
	if at := d.request.ScheduledAt; at.After(d.rule.due) {
		d.rule.due = at
	}
	if err := d.freezePolicy(f.policy); err != nil {
		return err
	}
	if err := d.freezeAlimtalk(f.template); err != nil {
		return err
	}
	if err := d.freezeAdvert(f.site.Rules); err != nil {
		return err
	}
	if err := d.freezeText(f.sender.Number); err != nil {
		return err
	}
	d.notesKakao = d.rule.notesKakao(d.prices)
	return nil
}

// freezePolicy takes the steps of the policy, and refuses a message without the parts that
// they need: somebody would be sent nothing.
func (d *Draft) freezePolicy(p *Policy) error {
	if d.request.Strategy != ByPolicy {
		return nil
	}
	if p == nil {
		return fault.Check("/policy", "there is no policy %q; see GET /v1/policies", shown(d.request.Policy))
	}
	d.rule.policy, d.content.Policy = p.Steps, &Policied{p.Name, p.Steps}
	text, alimtalk := p.Steps.always(PartText), p.Steps.always(PartAlimtalk)
	switch hasText, hasAlimtalk := d.request.Text != nil, d.request.TemplateCode != ""; {
	case !alimtalk && !hasText:
		return fault.Check("/text", "policy %s needs a text", p.Name)
	case !text && !hasAlimtalk:
		return fault.Check("/alimtalk", "policy %s needs alimtalk with a template_code", p.Name)
	case !hasText && !hasAlimtalk:
		return fault.Check("/text", "give a text, or alimtalk with a template_code")
	}
	return nil
}

// needsAlimtalk reports whether somebody would be sent nothing without the Alimtalk.
func (d *Draft) needsAlimtalk() bool {
	switch d.request.Strategy {
	case AlimtalkFirst:
		return true
	case ByPolicy:
		return d.request.Text == nil || !d.rule.policy.always(PartText)
	case SMSOnly, CostOptimized:
	}
	return false
}

func (d *Draft) freezeAlimtalk(t *Template) error {
	if d.request.TemplateCode == "" || d.request.Strategy == SMSOnly {
		return nil
	}
	d.template = t
	if t == nil {
		return fault.New(fault.Invalid, fault.CodeUnknownTemplate, "there is no template %q; create it or choose another", d.request.TemplateCode).
			At("/alimtalk/template_code", "unknown template")
	}
	if t.State != TemplateApproved && d.needsAlimtalk() {
		return fault.New(fault.Invalid, fault.CodeTemplateNotApproved, "template %q is %s, only an approved one can be sent", t.Code, t.State).
			At("/alimtalk/template_code", "the template is %s", t.State)
	}
	if err := d.request.fits(t); err != nil {
		return err
	}
	d.rule.approved = t.State == TemplateApproved && d.s.carriesTemplate(*t)
	if !d.rule.approved {
		if d.needsAlimtalk() {
			return unavailable("/alimtalk", provider.Alimtalk)
		}
		return nil
	}
	d.content.Alimtalk = t.alimtalk()
	d.rule.kakao = compileTemplate(d.content.Alimtalk, &d.names)
	d.rule.limits = t.limits(d.rule.kakao)
	return nil
}

func unavailable(pointer string, c provider.Channel) error {
	return fault.New(fault.Invalid, fault.CodeChannelNotAvailable, "no provider carries %s here; ask the operator to add one", c).
		At(pointer, "%s is not available", c)
}

func (d *Draft) freezeText(from korea.Number) error {
	t := d.request.Text
	if t == nil {
		return nil
	}
	switch siteID := d.Message.Site; {
	case len(t.Attachments) > 0:
		if !d.s.offers(siteID, provider.MMS) {
			return unavailable(attachmentsAt, provider.MMS)
		}
	case !d.s.offers(siteID, provider.SMS) && !d.s.offers(siteID, provider.LMS):
		return unavailable("/text", provider.SMS)
	}
	if from == "" {
		return noSender(t.From)
	}
	d.content.Text = &Text{From: string(from), Subject: korea.Normalise(t.Subject), Body: t.Body, Replace: t.ReplaceUnsupported, Advert: d.advert}
	d.rule.hasText, d.rule.replace, d.rule.most = true, t.ReplaceUnsupported, t.MaxChannel
	if d.rule.most == 0 {
		d.rule.most = provider.MMS
	}
	d.rule.text = compile(t.Body, &d.names)
	d.rule.subject = compile(t.Subject, &d.names)
	return nil
}

// noSender says that the sender number that is named may not be used, or that there is
// no default.
func noSender(named string) error {
	if named == "" {
		return fault.New(fault.Invalid, fault.CodeSenderMissing, "the site has no approved sender number; register one or name it in text.from").
			At("/text/from", "no sender number")
	}
	return fault.New(fault.Invalid, fault.CodeSenderNotRegistered, "%q is not a registered and approved sender number of this site", shown(named)).
		At("/text/from", "not a registered sender number")
}

func (s *Service) offers(siteID string, c provider.Channel) bool {
	return s.o.Offered == nil || s.o.Offered(siteID, c)
}

// carriesTemplate reports whether some account that carries Alimtalk knows the template.
func (s *Service) carriesTemplate(t Template) bool {
	if s.o.Accounts == nil {
		return s.offers(t.Site, provider.Alimtalk)
	}
	for _, name := range s.o.Accounts(t.Site, provider.Alimtalk) {
		if ids, ok := t.Providers[name]; ok && ids.TemplateID != "" {
			return true
		}
	}
	return false
}

// checkSubject refuses a subject that cannot be right for anyone.
func (d *Draft) checkSubject() error {
	if !d.rule.hasText || !d.rule.subject.fixed() || d.request.Looked {
		return nil
	}
	subject := d.rule.subject.fill(nil)
	if d.rule.replace {
		subject = korea.Replace(subject)
	}
	n, bad := korea.Bytes(subject)
	if len(bad) > 0 {
		return fault.Check("/text/subject", "these characters cannot be sent: %s", korea.Describe(bad))
	}
	if n > korea.SubjectBytes {
		return fault.Check("/text/subject", "want at most %d CP949 bytes, this has %d", korea.SubjectBytes, n)
	}
	return nil
}
