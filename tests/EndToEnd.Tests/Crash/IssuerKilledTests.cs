using System.Buffers.Text;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.Identity.Issuer;
using IoTPlatform.LocalServices;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.WebUtilities;

namespace IoTPlatform.EndToEnd.Tests.Crash;

/// <summary>A provider killed (-9) while its issuer works: what was begun is done or is not, and never half.</summary>
public sealed class IssuerKilledTests : IAsyncLifetime
{
    private const string Callback = "http://127.0.0.1:47999/";
    private static readonly string Verifier = new('v', 64);
    private ProviderStack _provider = null!;
    private string? _token; // it outlives the process

    public async Task InitializeAsync() => _provider = await ProviderStack.StartAsync();

    public async Task DisposeAsync()
    {
        if (_provider is not null)
        {
            await _provider.DisposeAsync();
        }
    }

    [SkippableFact]
    public async Task BetweenCodeAndToken_TheCodeIsGoodOnce()
    {
        var code = await CodeAsync();

        await RestartAsync();

        var tokens = await RedeemAsync(code);
        ((string?)tokens?["access_token"]).ShouldNotBeNull();
        (await StatusAsync((string)tokens!["access_token"]!)).ShouldBe(HttpStatusCode.OK);
        (await RedeemAsync(code)).ShouldBeNull("a code is good for one use");
        (await RefreshAsync((string)tokens["refresh_token"]!)).ShouldBeNull("and its second use ends what came of it");
    }

    /// <summary>The code is being marked as used; or it is, and its refresh token is being stored.</summary>
    [SkippableTheory]
    [InlineData("NEW.type LIKE '%:authorization_code' AND NEW.status = 'redeemed'", true)]
    [InlineData("NEW.type LIKE '%:refresh_token'", false)]
    public async Task WhileACodeIsRedeemed_NobodyHasTokensTwice(string moment, bool isStillGood)
    {
        var code = await CodeAsync();

        (await KilledAtAsync("issuer.tokens", moment, () => RedeemAsync(code))).ShouldBeNull("it was killed before its answer");

        (await RedeemAsync(code) is not null).ShouldBe(isStillGood);
        (await RedeemAsync(code)).ShouldBeNull();
        // Nothing is left that could be refreshed: either was used a second time.
        (await _provider.Database.ScalarAsync<long>("SELECT count(*) FROM issuer.tokens WHERE type LIKE '%:refresh_token' AND status = 'valid'")).ShouldBe(0);
    }

    [SkippableTheory]
    [InlineData("issuer.keys", "NEW.signs_from > now()")]
    [InlineData("audit.entries", "NEW.action = 'issuer.keys_rotated'")]
    public async Task WhileKeysAreRotated_OneKeySigns_AndEveryKeyIsInTheAuditLog(string table, string moment)
    {
        await KilledAtAsync(table, moment, () => PostAsync("portal/admin/identity/rotate-keys", json: null));

        (await KeysAsync()).ShouldBe("1 keys, 1 without an end, 0 rotations");
        (await StatusAsync((string)(await RedeemAsync(await CodeAsync()))!["access_token"]!)).ShouldBe(HttpStatusCode.OK);
        (await PostAsync("portal/admin/identity/rotate-keys", json: null)).ShouldBe(HttpStatusCode.OK);
        (await KeysAsync()).ShouldBe("2 keys, 1 without an end, 1 rotations");
    }

    [SkippableTheory]
    [InlineData("accounts.invitations", "true")]
    [InlineData("audit.entries", "NEW.action = 'account.invited'")]
    public async Task WhileAnAccountIsMade_ItIsNotThere_AndCanBeMadeAgain(string table, string moment)
    {
        const string Body = """{"username":"newcomer","roles":["cdm-viewer"]}""";

        await KilledAtAsync(table, moment, () => PostAsync("portal/admin/accounts", Body));

        (await _provider.Database.ScalarAsync<long>("SELECT count(*) FROM accounts.accounts WHERE username = 'newcomer'")).ShouldBe(0);
        (await PostAsync("portal/admin/accounts", Body)).ShouldBe(HttpStatusCode.OK);
        (await _provider.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'account.invited'")).ShouldBe(1);
        (await _provider.Database.ScalarAsync<long>("SELECT count(*) FROM accounts.invitations")).ShouldBe(1);
    }

    [SkippableTheory]
    [InlineData("issuer.applications", "NEW.client_id = 'service-account-backup'")]
    [InlineData("audit.entries", "NEW.action = 'service_account.added'")]
    public async Task WhileAServiceAccountIsMade_ItIsNotThere_AndCanBeMadeAgain(string table, string moment)
    {
        const string Body = """{"name":"backup","roles":["cdm-viewer"]}""";

        await KilledAtAsync(table, moment, () => PostAsync("portal/admin/service-accounts", Body));

        (await _provider.Database.ScalarAsync<long>("SELECT count(*) FROM issuer.applications WHERE client_id = 'service-account-backup'")).ShouldBe(0);
        (await PostAsync("portal/admin/service-accounts", Body)).ShouldBe(HttpStatusCode.OK);
        (await _provider.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'service_account.added'")).ShouldBe(1);
    }

    /// <summary>The key is in its file, and not registered.</summary>
    [SkippableFact]
    public async Task WhileTheOperatorsKeyIsRegistered_TheNextStartMakesAnother()
    {
        File.Delete(Path.Combine(_provider.Data, OperatorKey.FileName));
        await _provider.KillAsync();
        await using (var hold = await Hold.OnWriteAsync(_provider.Database, "audit.entries", "NEW.action = 'operator_key.registered'"))
        {
            _provider.Launch();
            await hold.ReachedAsync(_provider.Process);
            await _provider.KillAsync();
        }

        var unregistered = OperatorKey.Read(_provider.Data)!;
        await _provider.StartProcessAsync();

        using var now = OperatorKey.Read(_provider.Data)!;
        OperatorKey.ClientIdOf(now).ShouldNotBe(OperatorKey.ClientIdOf(unregistered));
        (await _provider.Database.ScalarAsync<string>("SELECT string_agg(client_id, ' ') FROM issuer.applications WHERE client_id LIKE 'service-account-operator-%'")).ShouldBe(OperatorKey.ClientIdOf(now));
    }

    private Task<string?> KeysAsync() => _provider.Database.ScalarAsync<string>("""
        SELECT format('%s keys, %s without an end, %s rotations', count(*), count(*) FILTER (WHERE retires_at IS NULL), (SELECT count(*) FROM audit.entries WHERE action = 'issuer.keys_rotated'))
        FROM issuer.keys
        """);

    /// <summary>Calls, and kills the provider while it writes a row for which the condition holds. What the call gave, where it gave anything.</summary>
    private async Task<T?> KilledAtAsync<T>(string table, string killedWhen, Func<Task<T>> call)
    {
        _token = await _provider.TokenAsync();
        Task<T> answer;
        await using (var hold = await Hold.OnWriteAsync(_provider.Database, table, killedWhen))
        {
            answer = call();
            await hold.ReachedAsync(_provider.Process);
            await _provider.KillAsync();
        }

        await _provider.StartProcessAsync();
        try
        {
            return await answer;
        }
        catch (HttpRequestException)
        {
            return default;
        }
    }

    private async Task RestartAsync()
    {
        await _provider.KillAsync();
        await _provider.StartProcessAsync();
    }

    private Uri Endpoint(string name) => new(_provider.Url, "realms/cdm/protocol/openid-connect/" + name);

    /// <summary>A code of the administrator's for the command line.</summary>
    private async Task<string> CodeAsync()
    {
        using var browser = new Browser();
        var url = QueryHelpers.AddQueryString(Endpoint("auth").AbsoluteUri, new Dictionary<string, string?>
        {
            ["client_id"] = "iot-cli",
            ["redirect_uri"] = Callback,
            ["response_type"] = "code",
            ["scope"] = "iot-bridge-api",
            ["state"] = "s",
            ["code_challenge"] = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(Verifier))),
            ["code_challenge_method"] = "S256",
        });
        var page = await browser.SubmitAsync(await browser.GetAsync(new Uri(url)), "sign-in", Callback, ("username", "admin"), ("password", ProviderStack.AdminPassword));
        var end = await browser.SubmitAsync(page, "let-in", Callback, ("decision", "allow"));
        return QueryHelpers.ParseQuery(end.Url.Query)["code"].ToString();
    }

    private Task<JsonObject?> RedeemAsync(string code) =>
        TokensAsync(("grant_type", "authorization_code"), ("client_id", "iot-cli"), ("code", code), ("code_verifier", Verifier), ("redirect_uri", Callback));

    private Task<JsonObject?> RefreshAsync(string token) => TokensAsync(("grant_type", "refresh_token"), ("client_id", "iot-cli"), ("refresh_token", token));

    /// <summary>Null: refused.</summary>
    private async Task<JsonObject?> TokensAsync(params (string Name, string Value)[] form)
    {
        using var http = Http();
        using var content = new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Name, f.Value)));
        using var response = await http.PostAsync(Endpoint("token"), content);
        return response.IsSuccessStatusCode ? (JsonObject)JsonNode.Parse(await response.Content.ReadAsStringAsync())! : null;
    }

    private async Task<HttpStatusCode> StatusAsync(string token)
    {
        using var http = Http();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_provider.Url, "portal/audit")) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", token) } };
        using var response = await http.SendAsync(request);
        return response.StatusCode;
    }

    private async Task<HttpStatusCode> PostAsync(string path, string? json)
    {
        using var http = Http();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_provider.Url, path)) { Content = json is null ? null : new StringContent(json, Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _token);
        using var response = await http.SendAsync(request);
        return response.StatusCode;
    }

    private static HttpClient Http() => new(new SocketsHttpHandler { UseProxy = false, SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } });
}
