package console

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"creditmsg/client"
)

func channelScreens() []screen {
	const base = kakaoBase + "/channels"
	return []screen{
		{pattern: "GET " + base, do: (*page).channels},
		{pattern: "GET " + base + "/new", do: (*page).channelNew},
		{pattern: "POST " + base + "/new", do: (*page).addChannel},
		{pattern: "GET " + base + "/{name}", do: (*page).channel},
		{pattern: "GET " + base + "/{name}/edit", do: (*page).channelEdit},
		{pattern: "POST " + base + "/{name}/edit", do: (*page).setChannel},
		{pattern: "GET " + base + "/{name}/claim", do: (*page).claimForm},
		{pattern: "POST " + base + "/{name}/claim", do: (*page).claimChannel},
		{pattern: "POST " + base + "/{name}/prove", do: (*page).proveChannel},
		{pattern: "POST " + base + "/{name}/remove", do: (*page).removeChannel},
	}
}

func (p *page) channels() error {
	list, err := p.api.KakaoChannels(p.ctx(), client.Paging{Limit: 30, Cursor: p.r.URL.Query().Get("cursor")})
	if err != nil {
		return err
	}
	return p.show("channels", list)
}

func (p *page) channelNew() error { return p.show("channel-new", p.form()) }

func (p *page) addChannel() error {
	f := p.form()
	name := strings.TrimSpace(f.Get("name"))
	if name != "" && !strings.HasPrefix(name, "@") {
		name = "@" + name
	}
	c, err := p.once(f).AddKakaoChannel(p.ctx(), client.KakaoChannel{Name: name, SenderKey: strings.TrimSpace(f.Get("sender_key"))})
	if err != nil {
		if f.wrong(p, err, nil) {
			return p.unfit("channel-new", f)
		}
		return err
	}
	return p.done(p.kakao("channels", c.Name), "channel.added")
}

// channelView is the page of one Kakao channel.
type channelView struct {
	Channel  client.KakaoChannel
	Accounts []channelAt
	Form     form   // of the number that the manager got
	Proving  string // the account that it is for
}

// channelAt is where a channel stands at one provider account.
type channelAt struct {
	Account string
	At      client.ChannelRegistration
	ID      string // that was named by hand
	Takes   bool   // its vendor registers channels by request
}

func (p *page) channel() error { return p.showChannel(channelView{}) }

func (p *page) showChannel(d channelView) error {
	var err error
	if d.Channel, err = p.api.KakaoChannel(p.ctx(), p.r.PathValue("name")); err != nil {
		return err
	}
	accounts, err := p.api.KakaoAccounts(p.ctx())
	if err != nil {
		return err
	}
	for _, a := range accounts.Data {
		d.Accounts = append(d.Accounts, channelAt{a.Provider, d.Channel.Registrations[a.Provider], d.Channel.Providers[a.Provider], a.RegistersChannels})
	}
	for _, name := range slices.Sorted(maps.Keys(d.Channel.Providers)) {
		if !slices.ContainsFunc(d.Accounts, func(a channelAt) bool { return a.Account == name }) {
			d.Accounts = append(d.Accounts, channelAt{name, d.Channel.Registrations[name], d.Channel.Providers[name], false})
		}
	}
	if d.Form.Problem != "" {
		return p.unfit("channel", d)
	}
	return p.show("channel", d)
}

// claiming is the form that has Kakao send a number to a channel's manager.
type claiming struct {
	Name       string
	Form       form
	Accounts   []choice
	Categories []choice
	Wrong      string // why there are no categories
}

func (p *page) claimForm() error {
	account := p.r.URL.Query().Get("provider")
	return p.showClaim(p.form().fill(url.Values{"provider": {account}}))
}

// showClaim shows the form. The lines of business are of an account: there are none before it is chosen.
func (p *page) showClaim(f form) error {
	d := claiming{Name: p.r.PathValue("name"), Form: f}
	if _, err := p.api.KakaoChannel(p.ctx(), d.Name); err != nil {
		return err
	}
	accounts, err := p.api.KakaoAccounts(p.ctx())
	if err != nil {
		return err
	}
	for _, a := range accounts.Data {
		if a.RegistersChannels {
			d.Accounts = append(d.Accounts, choice{a.Provider, a.Provider})
		}
	}
	if len(d.Accounts) > 0 && f.Get("provider") == "" {
		f.Set("provider", d.Accounts[0].Value)
	}
	if at := f.Get("provider"); slices.Contains(d.Accounts, choice{at, at}) {
		list, err := p.api.ChannelCategories(p.ctx(), at)
		if err != nil {
			g := form{}
			if !g.wrong(p, err, nil) {
				return err
			}
			d.Wrong = g.Problem
		}
		d.Categories = []choice{{"", p.say("choose-one")}}
		for _, c := range list.Data {
			d.Categories = append(d.Categories, choice{c.Code, c.Name})
		}
	}
	if f.Problem != "" {
		return p.unfit("channel-claim", d)
	}
	return p.show("channel-claim", d)
}

func (p *page) claimChannel() error {
	f := p.form()
	if f.Has("_account") { // another account was chosen: it has other lines of business
		return p.showClaim(f)
	}
	name := p.r.PathValue("name")
	if _, err := p.once(f).ClaimKakaoChannel(p.ctx(), name, f.Get("provider"), f.Get("manager_phone"), f.Get("category")); err != nil {
		if f.wrong(p, err, nil) {
			return p.showClaim(f)
		}
		return err
	}
	return p.done(p.kakao("channels", name), "channel.asked")
}

func (p *page) proveChannel() error {
	f := p.form()
	name, account := p.r.PathValue("name"), f.Get("provider")
	if _, err := p.once(f).RegisterKakaoChannel(p.ctx(), name, account, strings.TrimSpace(f.Get("token"))); err != nil {
		if f.wrong(p, err, nil) {
			return p.showChannel(channelView{Form: f, Proving: account})
		}
		return err
	}
	return p.done(p.kakao("channels", name), "channel.registered")
}

func (p *page) removeChannel() error {
	name := p.r.PathValue("name")
	if err := p.once(p.form()).RemoveKakaoChannel(p.ctx(), name); err != nil {
		return p.refused(err, p.kakao("channels", name))
	}
	return p.done(p.kakao("channels"), "channel.removed")
}

// channelEdit is the form of a channel's key, and of what provider accounts call it.
type channelEdit struct {
	Channel  client.KakaoChannel
	Form     form
	Accounts []string
	Theirs   []choice
}

func (p *page) channelEdit() error { return p.showChannelEdit(p.form(), false) }

func (p *page) showChannelEdit(f form, late bool) error {
	var tag string
	d := channelEdit{}
	var err error
	if d.Channel, err = p.api.Noting(&tag).KakaoChannel(p.ctx(), p.r.PathValue("name")); err != nil {
		return err
	}
	if d.Accounts, err = p.accountsOf(d.Channel); err != nil {
		return err
	}
	now := map[string]string{tagField: tag, "sender_key": d.Channel.SenderKey}
	for _, a := range d.Accounts {
		now["providers."+a] = d.Channel.Providers[a]
	}
	if late {
		f.fresh(p, tag)
		d.Theirs = []choice{{p.say("kakao.key"), d.Channel.SenderKey}}
		for _, a := range d.Accounts {
			d.Theirs = append(d.Theirs, choice{a, d.Channel.Providers[a]})
		}
	}
	if d.Form = f.Filled(now); d.Form.Problem != "" {
		return p.unfit("channel-edit", d)
	}
	return p.show("channel-edit", d)
}

// accountsOf are those that could know a channel, and those that it names.
func (p *page) accountsOf(c client.KakaoChannel) ([]string, error) {
	accounts, err := p.api.KakaoAccounts(p.ctx())
	if err != nil {
		return nil, err
	}
	out := slices.Collect(maps.Keys(c.Providers))
	for _, a := range accounts.Data {
		out = append(out, a.Provider)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func (p *page) setChannel() error {
	f := p.form()
	name := p.r.PathValue("name")
	ids := map[string]string{}
	for field := range f.Values {
		if account, ok := strings.CutPrefix(field, "providers."); ok && strings.TrimSpace(f.Get(field)) != "" {
			ids[account] = strings.TrimSpace(f.Get(field))
		}
	}
	if _, err := p.onto(f).PutKakaoChannel(p.ctx(), client.KakaoChannel{Name: name, SenderKey: strings.TrimSpace(f.Get("sender_key")), Providers: ids}); err != nil {
		if overtaken(err) {
			return p.showChannelEdit(f, true)
		}
		if f.wrong(p, err, map[string]string{"/providers": "sender_key"}) {
			return p.showChannelEdit(f, false)
		}
		return err
	}
	return p.done(p.kakao("channels", name), "channel.changed")
}
