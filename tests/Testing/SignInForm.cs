using IoTPlatform.LocalServices;

namespace IoTPlatform.Testing;

/// <summary>A sign-in page's form, read once and sent as often as a guesser likes: its anti-forgery token is bound to no address and no name.</summary>
public sealed class SignInForm
{
    private readonly Dictionary<string, string> _fields;
    private readonly string _cookies;

    private SignInForm(Dictionary<string, string> fields, string cookies) => (_fields, _cookies) = (fields, cookies);

    /// <param name="client">That follows no redirects and keeps no cookies.</param>
    /// <param name="page">Of the portal, or of the issuer.</param>
    public static async Task<SignInForm> ReadAsync(HttpClient client, Uri page)
    {
        using var response = await client.GetAsync(page);
        var shown = new BrowserPage { Url = page, Status = response.StatusCode, Headers = response.Headers, Html = await response.Content.ReadAsStringAsync() };
        var cookies = response.Headers.GetValues("Set-Cookie").Select(cookie => cookie.Split(';')[0]);
        return new SignInForm(shown.Form("sign-in").Fields, string.Join("; ", cookies));
    }

    public async Task<HttpResponseMessage> SendAsync(HttpClient client, Uri action, string username, string password)
    {
        var fields = new Dictionary<string, string>(_fields, StringComparer.Ordinal) { ["username"] = username, ["password"] = password };
        using var request = new HttpRequestMessage(HttpMethod.Post, action) { Content = new FormUrlEncodedContent(fields) };
        request.Headers.TryAddWithoutValidation("Cookie", _cookies);
        return await client.SendAsync(request);
    }
}
