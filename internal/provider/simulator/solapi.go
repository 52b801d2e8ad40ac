package simulator

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"unicode/utf8"
)

// invalid is the refusal of a request that is wrong in itself.
func invalid(text string) error { return refuse(http.StatusBadRequest, "ValidationError", text) }

func notFound(text string) error { return refuse(http.StatusNotFound, "ResourceNotFound", text) }

// calls are the paths of the vendor that want a login.
func (s *Simulator) calls() map[string]call {
	return map[string]call{
		"POST /messages/v4/send":                               s.sendOne,
		"POST /messages/v4/send-many":                          s.sendMany,
		"POST /messages/v4/send-many/fast":                     s.sendManyDetail,
		"POST /messages/v4/send-many/detail":                   s.sendManyDetail,
		"GET /messages/v4/list":                                s.asked(s.listMessages),
		"GET /messages/v4/list-old":                            s.asked(s.listMessages),
		"GET /messages/v4/statistics":                          s.statistics,
		"POST /messages/v4/groups":                             s.createGroup,
		"GET /messages/v4/groups":                              s.asked(s.listGroups),
		"GET /messages/v4/groups/{group}":                      s.asked(s.getGroup),
		"DELETE /messages/v4/groups/{group}":                   s.deleteGroup,
		"PUT /messages/v4/groups/{group}/messages":             s.addMessages,
		"GET /messages/v4/groups/{group}/messages":             s.asked(s.groupMessages),
		"DELETE /messages/v4/groups/{group}/messages":          s.deleteMessages,
		"POST /messages/v4/groups/{group}/send":                s.sendGroup,
		"POST /messages/v4/groups/{group}/resend":              s.resendGroup,
		"POST /messages/v4/groups/{group}/schedule":            s.scheduleGroup,
		"DELETE /messages/v4/groups/{group}/schedule":          s.unscheduleGroup,
		"GET /cash/v1/balance":                                 s.getBalance,
		"GET /quota/v1/me":                                     s.getQuota,
		"GET /pricing/v1/messaging":                            s.getPricing,
		"GET /pricing/v1/messaging/countries":                  s.getPricingCountries,
		"GET /senderid/v1/numbers/active":                      s.activeSenders,
		"GET /users/v1/member":                                 s.getMember,
		"POST /storage/v1/files":                               s.uploadFile,
		"GET /storage/v1/files":                                s.listFiles,
		"GET /storage/v1/files/{file}":                         s.getFile,
		"DELETE /storage/v1/files/{file}":                      s.deleteFile,
		"GET /kakao/v2/channels":                               s.listChannels,
		"POST /kakao/v2/channels":                              s.createChannel,
		"GET /kakao/v2/channels/categories":                    s.categories,
		"POST /kakao/v2/channels/token":                        s.channelToken,
		"GET /kakao/v2/channels/{channel}":                     s.getChannel,
		"DELETE /kakao/v2/channels/{channel}":                  s.deleteChannel,
		"GET /kakao/v2/templates":                              s.listTemplates,
		"POST /kakao/v2/templates":                             s.createTemplate,
		"GET /kakao/v2/templates/categories":                   s.categories,
		"GET /kakao/v2/templates/sendable":                     s.sendableTemplates,
		"GET /kakao/v2/templates/{template}":                   s.getTemplate,
		"PUT /kakao/v2/templates/{template}":                   s.updateTemplate,
		"DELETE /kakao/v2/templates/{template}":                s.deleteTemplate,
		"PUT /kakao/v2/templates/{template}/name":              s.renameTemplate,
		"PUT /kakao/v2/templates/{template}/inspection":        s.inspectTemplate,
		"PUT /kakao/v2/templates/{template}/inspection/cancel": s.cancelInspection,
		"POST /kakao/v2/templates/{template}/relese-dormant":   s.releaseTemplate,
		"POST /webhook/v1/outgoing":                            s.createHook,
		"GET /webhook/v1/outgoing":                             s.listHooks,
		"DELETE /webhook/v1/outgoing/{hook}":                   s.deleteHook,
	}
}

// refuseSolapi writes an error as Solapi does.
func refuseSolapi(w http.ResponseWriter, no *refusal) int {
	return write(w, no.status, struct {
		ErrorCode    string `json:"errorCode"`
		ErrorMessage string `json:"errorMessage"`
	}{no.code, no.text})
}

// read decodes the JSON body of r into v; an absent body leaves v as it is.
func read(r *http.Request, v any) error {
	body, err := io.ReadAll(r.Body)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return refuse(http.StatusRequestEntityTooLarge, "PayloadTooLarge", "요청 본문은 15MB를 넘을 수 없습니다.")
	case err != nil:
		return invalid("요청 본문을 읽을 수 없습니다.")
	case len(body) == 0:
		return nil
	case !utf8.Valid(body):
		return invalid("요청 본문은 UTF-8이어야 합니다.")
	}
	if err := json.Unmarshal(body, v); err != nil {
		return invalid("요청 본문이 올바른 JSON이 아닙니다: " + err.Error())
	}
	return nil
}
