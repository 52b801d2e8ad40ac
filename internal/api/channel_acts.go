package api

import (
	"context"
	"net/http"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/kakao"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

// channelAt is where a channel stands at a provider account.
type channelAt struct {
	State     string  `json:"state" enum:"asked,registered" doc:"asked: its manager was sent a number."`
	ChannelID string  `json:"channel_id" doc:"The vendor's id; empty before it is registered."`
	ChangedAt instant `json:"changed_at"`
}

// showChannels gives what shows channels of a site with where they stand at the accounts.
func showChannels(tx *db.Tx, siteID string, list ...site.Channel) (func(site.Channel) (channelView, error), error) {
	names := make([]string, len(list))
	for i, c := range list {
		names[i] = c.Name
	}
	all, err := kakao.ChannelsAt(tx, siteID, names...)
	if err != nil {
		return nil, err
	}
	return func(c site.Channel) (channelView, error) {
		v := channelView{Name: c.Name, SenderKey: c.SenderKey, Providers: c.Providers, Registrations: map[string]channelAt{}, CreatedAt: instant(c.CreatedAt)}
		if v.Providers == nil {
			v.Providers = map[string]string{}
		}
		for _, at := range all[site.ChannelDigest(c.Name)] {
			v.Registrations[at.Account] = channelAt{string(at.State), at.ChannelID, instant(at.At)}
		}
		return v, nil
	}, nil
}

// showChannel shows one channel.
func showChannel(tx *db.Tx, c site.Channel) (channelView, error) {
	show, err := showChannels(tx, c.Site, c)
	if err != nil {
		return channelView{}, err
	}
	return show(c)
}

type channelClaimed struct {
	Name string `path:"name" example:"@demo"`
	Body struct {
		Provider     string `json:"provider" doc:"Of a provider account whose vendor registers channels." example:"solapi"`
		ManagerPhone string `json:"manager_phone" doc:"Of the channel's manager: Kakao sends a number there." example:"010-1234-5678"`
		Category     string `json:"category" doc:"A code of the account's categories." example:"00300010001"`
	} `nameHint:"ChannelClaim"`
}

type channelProven struct {
	Name     string `path:"name" example:"@demo"`
	Provider string `path:"provider" example:"solapi"`
	Body     struct {
		Token string `json:"token" doc:"The number that the manager got." example:"123456"`
	} `nameHint:"ChannelToken"`
}

type registeredView struct {
	Provider  string  `json:"provider"`
	State     string  `json:"state" enum:"asked,registered"`
	ChannelID string  `json:"channel_id"`
	ChangedAt instant `json:"changed_at"`
}

func showRegistered(_ *db.Tx, at kakao.ChannelAt) (registeredView, error) {
	return registeredView{at.Account, string(at.State), at.ChannelID, instant(at.At)}, nil
}

type categoriesAsked struct {
	Provider string `query:"provider" required:"true" example:"solapi"`
}

// kakaoAccount is a provider account that carries Alimtalk for the site.
type kakaoAccount struct {
	Provider  string   `json:"provider" example:"solapi"`
	Channels  bool     `json:"registers_channels" doc:"Its vendor registers channels by request; elsewhere that is done in its own console, and the operator sets the id."`
	Acts      []string `json:"template_acts" nullable:"false" enum:"submit,withdraw,comment,release,remove" doc:"What its vendor takes about templates; none where they are kept in its own console alone."`
	Declaring bool     `json:"wants_purpose" doc:"A submission has to say what the template is for."`
}

// channelActs declares the routes about channels at the vendors.
func channelActs(a *api) {
	register[categoriesAsked, listOf[provider.Category]](a, operation{
		id: "listChannelCategories", method: http.MethodGet, path: "/v1/kakao-channel-categories", tag: "Kakao channels", ability: "channels:read", status: http.StatusOK,
		summary: "List the lines of business that a provider account registers channels with", codes: []string{fault.CodeNotSupported, fault.CodeUpstream},
	}, func(ctx context.Context, x *exchange, in *categoriesAsked) (*reply, error) {
		list, err := a.Kakao.Categories(ctx, x.site, in.Provider)
		if err != nil {
			return nil, err
		}
		return rendered(http.StatusOK, listOf[provider.Category]{Data: list})
	})
	read(a, operation{
		id: "listKakaoAccounts", method: http.MethodGet, path: "/v1/kakao-accounts", tag: "Kakao channels", ability: "channels:read", status: http.StatusOK,
		summary: "List the provider accounts at which the site's channels and templates can be registered",
	}, func(_ *db.Tx, x *exchange, _ *struct{}) (out listOf[kakaoAccount], err error) {
		out.Data = []kakaoAccount{}
		for _, one := range a.Kakao.Standings(x.site) {
			out.Data = append(out.Data, kakaoAccount{one.Account, one.Channels, one.Acts, one.Declares})
		}
		return out, nil
	})
	codes := []string{fault.CodeNotSupported, fault.CodeStateConflict, fault.CodeUpstream}
	perform(a, operation{
		id: "claimKakaoChannel", method: http.MethodPost, path: "/v1/kakao-channels/{name}/registrations", tag: "Kakao channels", ability: "channels:write", status: http.StatusOK,
		summary: "Have Kakao send a number to the manager of a channel", codes: codes, about: "At most once a minute. The newest number counts.",
	}, func(ctx context.Context, x *exchange, in *channelClaimed, _ string) (kakao.ChannelAt, error) {
		return a.Kakao.RequestToken(ctx, kakao.Claim{Site: x.site, Name: in.Name, Account: in.Body.Provider, Manager: in.Body.ManagerPhone, Category: in.Body.Category})
	}, showRegistered)
	perform(a, operation{
		id: "registerKakaoChannel", method: http.MethodPost, path: "/v1/kakao-channels/{name}/registrations/{provider}", tag: "Kakao channels", ability: "channels:write", status: http.StatusOK,
		summary: "Register a channel with the number that its manager got", codes: codes,
		about: "It is then one of the site's channels, and its templates can be submitted there. Repeating it changes nothing.",
	}, func(ctx context.Context, x *exchange, in *channelProven, _ string) (kakao.ChannelAt, error) {
		return a.Kakao.Register(ctx, kakao.Claim{Site: x.site, Name: in.Name, Account: in.Provider, Token: in.Body.Token})
	}, showRegistered)
}
