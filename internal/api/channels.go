package api

import (
	"encoding/hex"
	"net/http"

	"golang.org/x/text/unicode/norm"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/kakao"
	"creditmsg/internal/site"
)

// channelView is a Kakao channel.
type channelView struct {
	Name      string            `json:"name" doc:"The search name with its @."`
	SenderKey string            `json:"sender_key"`
	Providers map[string]string `json:"providers" doc:"What each provider account calls it."`

	Registrations map[string]channelAt `json:"registrations" doc:"Where it is proven to be yours: by its manager, or by the operator who set its ids. Templates are submitted there."`

	CreatedAt instant `json:"created_at"`
}

// channelBody is a Kakao channel as it is written.
type channelBody struct {
	Name      string            `json:"name,omitempty" doc:"In a PUT it may be left out." example:"@demo"`
	SenderKey string            `json:"sender_key,omitempty" doc:"What Kakao gave the channel."`
	Providers map[string]string `json:"providers,omitempty" doc:"What provider accounts call it. Ids that a site names itself prove nothing. Left out in a PUT, they stay; {} takes them away."`
}

type channelAdded struct{ Body channelBody }

type channelSet struct {
	Name string `path:"name"`
	Body channelBody
}

type channelNamed struct {
	Name string `path:"name" example:"@demo"`
}

// channels declares the routes about Kakao channels.
func channels(a *api) {
	read(a, operation{
		id: "listKakaoChannels", method: http.MethodGet, path: "/v1/kakao-channels", tag: "Kakao channels", ability: "channels:read", status: http.StatusOK,
		summary: "List the Kakao channels, oldest first",
	}, a.listChannels)
	read(a, operation{
		id: "getKakaoChannel", method: http.MethodGet, path: "/v1/kakao-channels/{name}", tag: "Kakao channels", ability: "channels:read", status: http.StatusOK,
		summary: "Get a Kakao channel",
	}, func(tx *db.Tx, x *exchange, in *channelNamed) (channelView, error) {
		c, err := site.FindChannel(tx, x.site, in.Name)
		if err != nil {
			return channelView{}, err
		}
		return showChannel(tx, c)
	})
	write(a, operation{
		id: "addKakaoChannel", method: http.MethodPost, path: "/v1/kakao-channels", tag: "Kakao channels", ability: "channels:write", status: http.StatusCreated,
		summary: "Add a Kakao channel", codes: []string{fault.CodeAlreadyExists},
	}, func(tx *db.Tx, x *exchange, in *channelAdded) (channelView, error) {
		c, err := site.AddChannel(tx, site.Channel{Site: x.site, Name: in.Body.Name, SenderKey: in.Body.SenderKey, Providers: in.Body.Providers})
		if err != nil {
			return channelView{}, err
		}
		return a.setByHand(tx, x, c)
	})
	write(a, operation{
		id: "setKakaoChannel", method: http.MethodPut, path: "/v1/kakao-channels/{name}", tag: "Kakao channels", ability: "channels:write", status: http.StatusOK,
		summary: "Replace the key and the providers of a Kakao channel",
	}, a.setChannel)
	write(a, operation{
		id: "removeKakaoChannel", method: http.MethodDelete, path: "/v1/kakao-channels/{name}", tag: "Kakao channels", ability: "channels:write", status: http.StatusNoContent,
		summary: "Remove a Kakao channel",
	}, func(tx *db.Tx, x *exchange, in *channelNamed) (nothing, error) {
		if err := site.RemoveChannel(tx, x.site, in.Name); err != nil {
			return nothing{}, err
		}
		return nothing{}, kakao.Abandon(tx, x.site, in.Name)
	})
	channelActs(a)
}

// setByHand shows a channel that was written. Ids that an operator sets are the site's; those
// that a site sets prove nothing.
func (a *api) setByHand(tx *db.Tx, x *exchange, c site.Channel) (channelView, error) {
	if x.operator() {
		if err := a.Kakao.Trust(tx, c); err != nil {
			return channelView{}, err
		}
	}
	return showChannel(tx, c)
}

// listChannels cuts its page from all channels of the site: there are few.
func (a *api) listChannels(tx *db.Tx, x *exchange, in *Paging) (out listOf[channelView], err error) {
	l, err := a.list(tx, x, "kakao-channels")
	if err != nil {
		return out, err
	}
	all, err := site.Channels(tx, x.site)
	if err != nil {
		return out, err
	}
	where := func(c site.Channel) place {
		digest := site.ChannelDigest(c.Name) // by which equally old ones are ordered
		return place{c.CreatedAt, hex.EncodeToString(digest[:])}
	}
	rows, err := rest(l, in.Cursor, all, where)
	if err != nil {
		return out, err
	}
	show, err := showChannels(tx, x.site, rows...)
	if err != nil {
		return out, err
	}
	return pageOf(l, rows, in.Limit, show, func(c site.Channel) any { return where(c) })
}

func (a *api) setChannel(tx *db.Tx, x *exchange, in *channelSet) (channelView, error) {
	if in.Body.Name != "" && norm.NFC.String(in.Body.Name) != norm.NFC.String(in.Name) {
		return channelView{}, fault.Check("/name", "the path names another channel; a channel's name does not change")
	}
	c, err := site.SetChannel(tx, site.Channel{Site: x.site, Name: in.Name, SenderKey: in.Body.SenderKey, Providers: in.Body.Providers})
	if err != nil {
		return channelView{}, err
	}
	return a.setByHand(tx, x, c)
}
