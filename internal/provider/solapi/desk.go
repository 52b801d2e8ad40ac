package solapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

// This file is what the account has besides messages: money, sender numbers, Kakao channels
// and templates.

const (
	deskPage  = 100 // entries of one page of a list
	deskPages = 100
)

// desk makes one request besides messages and reads its reply into out. path begins with a
// slash.
func (a *account) desk(ctx context.Context, act, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return provider.Undone(act, errors.New("the request cannot be written"))
		}
	}
	reply := a.call(ctx, method, path, body)
	switch {
	case reply.Err != nil:
		return provider.Broken(act, reply.Left, reply.Err)
	case reply.Status != http.StatusOK:
		return denied(act, reply)
	}
	if err := upstream.Lenient(json.Unmarshal(reply.Body, out)); err != nil {
		return fmt.Errorf("%s: the reply cannot be read", act)
	}
	return nil
}

// denied judges an answer that is no success: one that the vendor, or who stands before it,
// gives to a request that it did not carry out. What refuses a copy of a request tells nothing
// of the first.
func denied(act string, reply upstream.Reply) error {
	r := refused(reply)
	reason, documented := r.reason()
	if !documented && (r.code == "" || r.repeated() || r.status < 400 || r.status >= 500) {
		return fmt.Errorf("%s: HTTP status %d (%s): %s", act, r.status, r.name(), r.text)
	}
	return &provider.Denial{Act: act, Reason: reason, Code: r.name(), Text: r.text, RetryAfter: upstream.RetryAfter(reply.Header)}
}

// Holds is what the vendor tells.
func (a *account) Holds() provider.Holdings { return provider.HoldsBalance | provider.HoldsSenders }

// Balance is points and cash together: the vendor spends the points first.
func (a *account) Balance(ctx context.Context) (provider.Balance, error) {
	const act = "ask for the balance"
	var reply struct {
		Balance *json.Number `json:"balance"`
		Point   json.Number  `json:"point"`
	}
	if err := a.desk(ctx, act, http.MethodGet, "/cash/v1/balance", nil, &reply); err != nil {
		return provider.Balance{}, err
	}
	if reply.Balance == nil {
		return provider.Balance{}, errors.New(act + ": the reply names none")
	}
	cash, err := provider.ReadBalance(reply.Balance.String())
	if err != nil {
		return provider.Balance{}, fmt.Errorf("%s: %w", act, err)
	}
	point, err := provider.ReadBalance(reply.Point.String())
	if err != nil {
		point = 0 // not said
	}
	left, err := cash.Plus(point)
	return provider.Balance{Left: left, Unit: provider.UnitWon}, err
}

// Senders lists the numbers that may be used; the vendor shows no others.
func (a *account) Senders(ctx context.Context) ([]provider.ListedSender, error) {
	const act = "list sender numbers"
	var reply []string
	if err := a.desk(ctx, act, http.MethodGet, "/senderid/v1/numbers/active", nil, &reply); err != nil {
		return nil, err
	}
	if reply == nil {
		return nil, errors.New(act + ": the reply has no list")
	}
	list := []provider.ListedSender{}
	for _, text := range reply {
		if number, err := korea.ParseSender(text); err == nil {
			list = append(list, provider.ListedSender{Number: number, State: provider.SenderUsable})
		}
	}
	return list, nil
}

// ChannelCategories lists the lines of business of channels.
func (a *account) ChannelCategories(ctx context.Context) ([]provider.Category, error) {
	const act = "list categories"
	var list []provider.Category
	if err := a.desk(ctx, act, http.MethodGet, "/kakao/v2/channels/categories", nil, &list); err != nil {
		return nil, err
	}
	if list == nil {
		return nil, errors.New(act + ": the reply has no list")
	}
	return list, nil
}

// RequestToken has Kakao send a number to the channel's manager.
func (a *account) RequestToken(ctx context.Context, c provider.ChannelClaim) error {
	const act = "ask for a token"
	var reply struct {
		Success bool `json:"success"`
	}
	err := a.desk(ctx, act, http.MethodPost, "/kakao/v2/channels/token", map[string]string{"searchId": c.Name, "phoneNumber": string(c.Manager)}, &reply)
	if err == nil && !reply.Success {
		err = errors.New(act + ": the reply does not say that it was sent")
	}
	return err
}

// wireChannel is a channel as the vendor shows it.
type wireChannel struct {
	ID   string `json:"channelId"`
	Name string `json:"searchId"`
}

func (w wireChannel) channel() provider.KakaoChannel {
	return provider.KakaoChannel{ID: w.ID, Name: w.Name, Usable: true}
}

// RegisterChannel links a channel.
func (a *account) RegisterChannel(ctx context.Context, c provider.ChannelClaim) (provider.KakaoChannel, error) {
	const act = "register the channel"
	var made wireChannel
	err := a.desk(ctx, act, http.MethodPost, "/kakao/v2/channels",
		map[string]string{"searchId": c.Name, "phoneNumber": string(c.Manager), "categoryCode": c.Category, "token": c.Token}, &made)
	if err == nil && !upstream.PlainID(made.ID) {
		err = errors.New(act + ": the reply names no channel")
	}
	return made.channel(), err
}

// Channels lists the linked channels.
func (a *account) Channels(ctx context.Context) ([]provider.KakaoChannel, error) {
	var all []provider.KakaoChannel
	err := a.pages(ctx, "list channels", "/kakao/v2/channels", nil, func(body []byte) error {
		var page struct {
			List []wireChannel `json:"channelList"`
		}
		if err := upstream.Lenient(json.Unmarshal(body, &page)); err != nil || page.List == nil {
			return errors.New("the reply has no list")
		}
		for _, c := range page.List {
			if upstream.PlainID(c.ID) {
				all = append(all, c.channel())
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// pages reads a list to its end.
func (a *account) pages(ctx context.Context, act, path string, query url.Values, each func(body []byte) error) error {
	q := url.Values{"limit": {strconv.Itoa(deskPage)}}
	for name, values := range query {
		q[name] = values
	}
	for range deskPages {
		var raw json.RawMessage
		if err := a.desk(ctx, act, http.MethodGet, path+"?"+q.Encode(), nil, &raw); err != nil {
			return err
		}
		if err := each(raw); err != nil {
			return fmt.Errorf("%s: %w", act, err)
		}
		var page struct {
			Next string `json:"nextKey"`
		}
		_ = upstream.Lenient(json.Unmarshal(raw, &page)) // each has read it
		switch page.Next {
		case "":
			return nil
		case q.Get("startKey"):
			return errors.New(act + ": the list does not end")
		}
		q.Set("startKey", page.Next)
	}
	return errors.New(act + ": the list does not end")
}
