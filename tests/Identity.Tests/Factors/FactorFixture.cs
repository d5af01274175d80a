using System.Net;
using IoTPlatform.Identity.Factors;
using IoTPlatform.Identity.Tests.Portal;
using IoTPlatform.LocalServices;
using IoTPlatform.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Identity.Tests.Factors;

/// <summary>A host with portal and issuer, and people who add second factors at it.</summary>
public sealed class FactorFixture : IAsyncLifetime
{
    internal PortalApp Portal { get; private set; } = null!;

    internal TestApp App => Portal.App;

    internal Uri Account => new(Portal.Url, "portal/account");

    public async Task InitializeAsync()
    {
        Portal = await PortalApp.StartAsync(realm: "cdm");
        await App.Accounts.CreateAsync("ada", TestApp.Password, [Roles.Admin], default); // the last administrator is another one than the tests'
    }

    public async Task DisposeAsync()
    {
        if (Portal is not null)
        {
            await Portal.DisposeAsync();
        }
    }

    /// <summary>A person of the test's own.</summary>
    internal async Task<Person> PersonAsync(string role = Roles.Operator)
    {
        var name = "p-" + Guid.NewGuid().ToString("N")[..12];
        // The hash of another account with this password: hashing is slow on purpose.
        await App.Database.ExecuteAsync(
            "INSERT INTO accounts.accounts (username, password_hash, roles, created_at) SELECT $1, password_hash, ARRAY[$2], created_at FROM accounts.accounts WHERE username = 'ada'", name, role);
        return new Person(this, name);
    }

    internal async Task<string> EntriesAsync(string subject) => await App.Database.ScalarAsync<string>(
        "SELECT coalesce(string_agg(action || coalesce(' ' || (nullif(details, '')::json->>'factor'), ' ' || (nullif(details, '')::json->>'method'), ''), ', ' ORDER BY sequence), '') FROM audit.entries WHERE subject = $1", subject) ?? "";
}

/// <summary>Somebody with a browser, a password and perhaps a phone.</summary>
internal sealed class Person(FactorFixture fixture, string name) : IDisposable
{
    private AuthenticatorApp? _phone;

    public string Name => name;

    public string Password { get; set; } = TestApp.Password;

    public Browser Browser { get; } = new();

    public byte[] Secret => _phone?.Secret ?? [];

    public IReadOnlyList<string> RecoveryCodes { get; private set; } = [];

    /// <summary>What the phone shows now.</summary>
    public string Code => _phone!.CodeAt(fixture.Portal.Time.GetUtcNow());

    /// <summary>Further than any code from before counts.</summary>
    public string NextCode()
    {
        fixture.Portal.Time.Advance(TimeSpan.FromMinutes(2));
        return Code;
    }

    public Task<BrowserPage> HomeAsync() => Browser.GetAsync(fixture.Portal.Home);

    public Task<BrowserPage> AccountAsync() => Browser.GetAsync(fixture.Account);

    /// <summary>The first step: as far as the password leads.</summary>
    public async Task<BrowserPage> PasswordAsync(Browser? browser = null) =>
        await (browser ?? Browser).SubmitAsync(await (browser ?? Browser).GetAsync(fixture.Portal.Home), "sign-in", ("username", name), ("password", Password));

    public async Task<BrowserPage> SignInAsync(string? code = null, Browser? browser = null)
    {
        var page = await PasswordAsync(browser);
        return code is null ? page : await (browser ?? Browser).SubmitAsync(page, "sign-in", ("code", code));
    }

    public async Task<BrowserPage> ConfirmAsync(string? code = null) =>
        await Browser.SubmitAsync(await AccountAsync(), "account/confirm", ("password", Password), ("code", code ?? ""));

    /// <summary>Adds an authenticator app, signed in and confirmed before.</summary>
    public async Task<BrowserPage> AddAuthenticatorAsync()
    {
        var page = await Browser.SubmitAsync(await AccountAsync(), "account/authenticator");
        _phone = new AuthenticatorApp(page["secret"]!);
        var codes = await Browser.SubmitAsync(page, "authenticator/add", ("code", Code));
        Shown(codes);
        return codes;
    }

    /// <summary>Writes down the recovery codes of the page.</summary>
    public void Shown(BrowserPage page) => RecoveryCodes = page["codes"] is { } codes ? codes.Split('\n') : RecoveryCodes;

    /// <summary>Signed in, and asked again just now.</summary>
    public async Task ConfirmedAsync()
    {
        await SignInAsync();
        await fixture.App.Services.GetRequiredService<OwnAccount>().ConfirmAsync(SessionToken.Hash(fixture.Portal.SessionOf(Browser)), name, SignInMethod.Password, default);
    }

    public async Task WithAuthenticatorAsync()
    {
        await ConfirmedAsync();
        (await AddAuthenticatorAsync()).Status.ShouldBe(HttpStatusCode.OK);
    }

    public void Dispose() => Browser.Dispose();
}
