package delivery

import (
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/korea"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

// facts is what is read once for all recipients of a message.
type facts struct {
	wording *message.Wording
	key     *site.Key
	hold    time.Duration   // the site is suspended: look again after this
	text    provider.Reason // why the text leg cannot be sent now
	kakao   provider.Reason // why the Alimtalk leg cannot be sent now
	optOuts bool            // some of its recipients may have opted out of it
}

// readFacts checks again, before every leg, what may have changed since accept: the
// sites, the senders and the templates, for all messages in one look, which answers
// more as well.
func (s *Service) readFacts(tx *db.Tx, messages map[message.Key]*message.Message, more ...db.Question) (map[message.Key]*facts, error) {
	all := make(map[message.Key]*facts, len(messages))
	var ids []string
	for k := range messages {
		ids = append(ids, k.Site)
	}
	if err := tx.Ask(s.keys.Ask(tx, ids)); err != nil {
		return nil, err
	}
	var numbers []site.SenderName
	var codes []message.TemplateName
	for k, m := range messages {
		key, err := s.keys.Site(tx, m.Site)
		if err != nil {
			return nil, err
		}
		content, err := m.Content(key)
		if err != nil {
			return nil, err
		}
		all[k] = &facts{wording: message.NewWording(content), key: key}
		if content.Text != nil {
			numbers = append(numbers, senderOf(m, content))
		}
		if content.Alimtalk != nil {
			codes = append(codes, templateOf(m, content))
		}
	}
	sitesQ, sites := site.AskStandings(ids)
	sendersQ, senders := site.AskSenders(numbers)
	templatesQ, templates := message.AskTemplateStates(codes)
	if err := tx.Ask(append(more, sitesQ, sendersQ, templatesQ)...); err != nil {
		return nil, err
	}
	for k, m := range messages {
		all[k].judge(m, sites, senders, templates)
	}
	return all, nil
}

func senderOf(m *message.Message, c message.Content) site.SenderName {
	return site.SenderName{Site: m.Site, Number: korea.Number(c.Text.From)}
}

func templateOf(m *message.Message, c message.Content) message.TemplateName {
	return message.TemplateName{Site: m.Site, Code: c.Alimtalk.Code}
}

// judge tells what of a message cannot be sent now. It is pure.
func (f *facts) judge(m *message.Message, sites map[string]site.Standing, senders map[site.SenderName]site.Sender, templates map[message.TemplateName]message.TemplateState) {
	c := f.wording.Content
	f.optOuts = sites[m.Site].OptOuts.Matter(c.Advert() != nil)
	if sites[m.Site].State != site.Active {
		f.hold = time.Minute
	}
	if c.Text != nil && senders[senderOf(m, c)].State != site.Approved {
		f.text = provider.SenderNotRegistered
	}
	if c.Alimtalk == nil {
		return
	}
	if state, there := templates[templateOf(m, c)]; !there {
		f.kakao = provider.TemplateNotFound
	} else if state != message.TemplateApproved {
		f.kakao = provider.TemplateNotApproved
	}
}

// why gives the reason that keeps a leg over this channel from being sent.
func (f *facts) why(ch provider.Channel) provider.Reason {
	if ch == provider.Alimtalk {
		return f.kakao
	}
	return f.text
}

// carries reports whether an account can carry a leg over this channel: an
// Alimtalk needs the account's own id of the template.
func (f *facts) carries(ch provider.Channel, account string) bool {
	return ch != provider.Alimtalk || f.wording.Alimtalk.Providers[account].TemplateID != ""
}
