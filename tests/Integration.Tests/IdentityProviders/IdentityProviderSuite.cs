using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.Client;
using IoTPlatform.LocalServices;
using IoTPlatform.Pki;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.IdentityProviders;

/// <summary>A stack whose people and programs have their accounts at an identity provider. What differs from one provider to the other, and nothing else.</summary>
public abstract class IdentityProviderHost : IAsyncLifetime
{
    /// <summary>Of the stack.</summary>
    public abstract Uri Url { get; }

    public abstract TestDatabase Database { get; }

    public abstract string Issuer { get; }

    /// <summary>Somebody with the password of <see cref="SignInAsync"/>, who has this role and may lose it.</summary>
    public abstract Task<string> PersonAsync(string? role);

    /// <summary>From now on the person has another role.</summary>
    public abstract Task ChangeRoleAsync(string person, string role);

    /// <summary>Fills the identity provider's form in.</summary>
    public abstract Task<BrowserPage> SignInAsync(Browser browser, BrowserPage form, string person, string? stopAt = null);

    /// <summary>What it asks before a sign-out; the page after that.</summary>
    public virtual Task<BrowserPage> ConfirmSignOutAsync(Browser browser, BrowserPage page) => Task.FromResult(page);

    /// <summary>An access token of a program with a role for the stack's API.</summary>
    public abstract Task<string> TokenAsync(string role);

    /// <summary>A person of <see cref="PersonAsync"/> whom the provider knows an e-mail address of.</summary>
    public abstract Task<(string Name, string Address)> PersonWithAddressAsync();

    /// <summary>The id of a public client on people's machines, which comes back to any port of 127.0.0.1 (RFC 8252).</summary>
    public abstract Task<string> NativeClientAsync();

    /// <summary>What it asks before it sends a program a code; the address after that.</summary>
    public virtual Task<BrowserPage> LetInAsync(Browser browser, BrowserPage page, string callback) => Task.FromResult(page);

    /// <summary>The stack's administrator.</summary>
    public abstract Task<PlatformClient> AdminAsync();

    /// <summary>The platform's.</summary>
    public abstract X509Certificate2 Root { get; }

    /// <summary>The stack is a tenant's, whose Sub-CA certifies no URIs of others.</summary>
    public virtual bool IsTenant => true;

    public abstract Task InitializeAsync();

    public abstract Task DisposeAsync();
}

/// <summary>One set of tests for every identity provider: signing in at the portal, and access tokens at the API.</summary>
public abstract class IdentityProviderSuite<THost>(THost host) : IClassFixture<THost> where THost : IdentityProviderHost
{
    private Uri Portal => new(host.Url, "portal");

    [SkippableFact]
    public async Task IdToken_OfAPerson_BuysACertificate_Once()
    {
        var (person, address) = await host.PersonWithAddressAsync();
        var login = new CertificateLogin<THost>(host);
        await login.AddProvisionerAsync();

        var token = await login.IdTokenAsync(person);
        var (leaf, again) = (await login.SignAsync(token), await login.SignAsync(token));

        leaf.ShouldNotBeNull();
        var subject = CertificateLogin<THost>.SubjectOf(token);
        SubjectNames.FromCertificate(leaf).CommonName.ShouldBe(subject);
        SubjectNames.FromCertificate(leaf).AllSans.ShouldBe(host.IsTenant ? [address] : [address, $"{host.Issuer}#{subject}"]);
        again.ShouldBeNull();
    }

    [SkippableTheory]
    [InlineData("cdm-admin")]
    [InlineData("cdm-operator")]
    [InlineData("cdm-viewer")]
    public async Task Portal_SignsInWithTheRole_AndOut_AtTheProviderToo(string role)
    {
        using var browser = new Browser();
        var person = await host.PersonAsync(role);

        var page = await SignInAsync(browser, person);

        page["name"].ShouldBe(person);
        page["realm"].ShouldBe(host.Issuer);
        page["way"].ShouldBe("at the identity provider");
        page["roles"].ShouldBe(role);
        (await host.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'login.succeeded' AND actor = $1", $"oidc:{person}")).ShouldBe(1);

        var home = await host.ConfirmSignOutAsync(browser, await browser.SubmitAsync(page, "sign-out"));
        home.Url.ShouldBe(Portal);
        home["name"].ShouldBeNull();
        (await browser.GetAsync(home.Link("Sign in"))).Html.ShouldContain("name=\"password\"");
    }

    [SkippableFact]
    public async Task Portal_PersonWithoutARole_ShowsTheReason()
    {
        using var browser = new Browser();

        var page = await SignInAsync(browser, await host.PersonAsync(role: null));

        page.Status.ShouldBe(HttpStatusCode.Forbidden);
        page.Text.ShouldContain("have no role here");
        (await browser.GetAsync(Portal))["name"].ShouldBeNull();
    }

    [SkippableFact]
    public async Task Portal_Refresh_BringsTheRolesOfNow()
    {
        using var browser = new Browser();
        var person = await host.PersonAsync("cdm-operator");
        (await SignInAsync(browser, person))["roles"].ShouldBe("cdm-operator");

        await host.ChangeRoleAsync(person, "cdm-viewer");
        await host.Database.ExecuteAsync($"UPDATE accounts.oidc_sessions SET refresh_at = now() WHERE name = 'oidc:{person}'");

        (await browser.GetAsync(Portal))["roles"].ShouldBe("cdm-viewer");
        (await host.Database.ScalarAsync<bool>("SELECT refresh_at > now() FROM accounts.oidc_sessions WHERE name = $1", $"oidc:{person}")).ShouldBeTrue();
    }

    /// <summary>Login CSRF, and an answer that comes twice.</summary>
    [SkippableFact]
    public async Task Attack_AnswerInAnotherBrowserOrASecondTime_SignsNobodyIn()
    {
        using var attacker = new Browser();
        using var victim = new Browser();
        var callback = new Uri(host.Url, "portal/oidc/callback").AbsoluteUri;
        var person = await host.PersonAsync("cdm-admin");
        var form = await attacker.GetAsync((await attacker.GetAsync(Portal)).Link("Sign in"));
        var answer = (await host.SignInAsync(attacker, form, person, callback)).Url;

        (await victim.GetAsync(answer)).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await victim.GetAsync(Portal))["name"].ShouldBeNull();

        (await attacker.GetAsync(answer))["name"].ShouldBe(person);
        (await attacker.GetAsync(answer)).Status.ShouldBe(HttpStatusCode.BadRequest);
    }

    /// <summary>Mix-up (RFC 9207): the answer says who gave it.</summary>
    [SkippableFact]
    public async Task Attack_AnswerOfAnotherIssuer_SignsNobodyIn()
    {
        using var browser = new Browser();
        var callback = new Uri(host.Url, "portal/oidc/callback").AbsoluteUri;
        var form = await browser.GetAsync((await browser.GetAsync(Portal)).Link("Sign in"));
        var answer = (await host.SignInAsync(browser, form, await host.PersonAsync("cdm-admin"), callback)).Url.AbsoluteUri;
        answer.ShouldContain("iss=" + Uri.EscapeDataString(host.Issuer));

        var page = await browser.GetAsync(new Uri(answer.Replace("iss=" + Uri.EscapeDataString(host.Issuer), "iss=https%3A%2F%2Fevil.example", StringComparison.Ordinal)));

        page.Status.ShouldBe(HttpStatusCode.Forbidden);
        (await browser.GetAsync(Portal))["name"].ShouldBeNull();
    }

    [SkippableTheory]
    [InlineData("cdm-admin", 200, 200)]
    [InlineData("cdm-viewer", 200, 403)]
    public async Task Bearer_OpensTheApi_AsItsRoleSays(string role, int document, int accounts)
    {
        var token = await host.TokenAsync(role);

        (await StatusAsync("openapi/v1.json", token)).ShouldBe(document);
        (await StatusAsync("portal/admin/accounts", token)).ShouldBe(accounts);
    }

    [SkippableFact]
    public async Task Attack_ForgedRoles_OrAnotherIssuer_OrNoSignature_Refused()
    {
        var parts = (await host.TokenAsync("cdm-viewer")).Split('.');

        (await StatusAsync("openapi/v1.json", string.Join('.', parts[0], Forge(parts[1], c => c["realm_access"] = new JsonObject { ["roles"] = new JsonArray("cdm-admin") }), parts[2]))).ShouldBe(401);
        (await StatusAsync("openapi/v1.json", string.Join('.', parts[0], Forge(parts[1], c => c["iss"] = "https://evil.example"), parts[2]))).ShouldBe(401);
        (await StatusAsync("openapi/v1.json", string.Join('.', Forge(parts[0], header => header["alg"] = "none"), parts[1], ""))).ShouldBe(401);
        (await StatusAsync("openapi/v1.json", string.Join('.', parts[0], parts[1], ""))).ShouldBe(401);
    }

    private async Task<BrowserPage> SignInAsync(Browser browser, string person)
    {
        var form = await browser.GetAsync((await browser.GetAsync(Portal)).Link("Sign in"));
        return await host.SignInAsync(browser, form, person);
    }

    private static string Forge(string part, Action<JsonObject> change)
    {
        var json = (JsonObject)JsonNode.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(part))!;
        change(json);
        return System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));
    }

    private async Task<int> StatusAsync(string path, string token)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } });
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(host.Url, path)) { Headers = { Authorization = new("Bearer", token) } };
        using var response = await http.SendAsync(request);
        return (int)response.StatusCode;
    }
}
