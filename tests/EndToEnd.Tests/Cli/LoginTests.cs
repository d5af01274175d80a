using System.Text.Json.Nodes;
using IoTPlatform.LocalServices;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.EndToEnd.Tests.Cli;

/// <summary>How <c>iot</c> comes in, as whole processes at stacks that really run: a person's log-ins, a program's credentials, the operator's key.</summary>
[Collection(KeptDemo.Shared)]
public sealed class LoginTests : IDisposable
{
    private const UnixFileMode OwnerAlone = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly TempFolder _temp = new();
    private readonly KeptDemo _demo;
    private readonly Dictionary<string, string?> _home;

    public LoginTests(KeptDemo demo)
    {
        _demo = demo;
        _home = new() { ["XDG_CONFIG_HOME"] = _temp.Combine("configuration"), ["SSH_CONNECTION"] = null, ["DISPLAY"] = null, ["WAYLAND_DISPLAY"] = null, ["BROWSER"] = null };
    }

    public void Dispose() => _temp.Dispose();

    /// <summary>RFC 8252: a browser on the same machine, which comes back to a port of the loopback address. It goes on when iot has ended.</summary>
    [SkippableFact]
    public async Task Login_InABrowserHere_ComesBackByTheLoopbackAddress_AndTheBrowserLivesOn()
    {
        var (page, go, alive) = (_temp.Combine("page"), _temp.Combine("go"), _temp.Combine("alive"));
        await WriteProgramAsync($"""
            echo "$1" >'{page}.new' && mv '{page}.new' '{page}'
            for i in $(seq 600); do [ -e '{go}' ] && break; sleep 0.1; done
            echo to the terminal; echo and more; touch '{alive}'
            """);
        await using var login = Start(new(_home) { ["BROWSER"] = _temp.Combine("browser") }, ["login", .. Trust]);
        await UntilAsync(() => File.Exists(page));
        using var browser = new Browser();

        var asked = await SignInAsync(browser, await browser.GetAsync(new Uri((await File.ReadAllTextAsync(page)).Trim())), "sign-in", "provider");
        (await browser.SubmitAsync(asked, "let-in", ("decision", "allow"))).Text.ShouldContain("Go back to the terminal");

        (await login.WaitForExitAsync()).ShouldBe(0, login.Output);
        login.Output.ShouldContain("logged in at");
        login.Output.ShouldContain("as admin");
        File.GetUnixFileMode(ProfileOf("default")).ShouldBe(OwnerAlone);
        (await RunAsync("tenants", "list")).EnsureSuccess().Output.ShouldContain("acme");
        (await IotCli.JsonAsync(["audit", "list", "--logins", .. _demo.Provider])).EnumerateArray().Select(entry => entry.GetProperty("action").GetString()).ShouldContain("login.authorized");
        await File.WriteAllTextAsync(go, "");
        await UntilAsync(() => File.Exists(alive));

        (await RunAsync("logout")).EnsureSuccess();
        File.Exists(ProfileOf("default")).ShouldBeFalse();
        (await RunAsync("tenants", "list", "--profile", "default")).ExitCode.ShouldBe(5);
    }

    [SkippableFact]
    public async Task Login_RefusedInTheBrowser_IsSaid_AndLeavesNothing()
    {
        var page = _temp.Combine("page");
        await WriteProgramAsync($"""echo "$1" >'{page}.new' && mv '{page}.new' '{page}'""");
        await using var login = Start(new(_home) { ["BROWSER"] = _temp.Combine("browser") }, ["login", .. Trust]);
        await UntilAsync(() => File.Exists(page));
        using var browser = new Browser();

        var asked = await SignInAsync(browser, await browser.GetAsync(new Uri((await File.ReadAllTextAsync(page)).Trim())), "sign-in", "provider");
        await browser.SubmitAsync(asked, "let-in", ("decision", "deny"));

        (await login.WaitForExitAsync()).ShouldBe(5, login.Output);
        File.Exists(ProfileOf("default")).ShouldBeFalse();
    }

    /// <summary>RFC 8628: a browser anywhere, and a code. At a tenant, whose log-in is another one than the provider's.</summary>
    [SkippableFact]
    public async Task Login_ByCode_AtATenant_AndOutAgain()
    {
        string[] tenant = ["--tenant", _demo.Acme[0], _demo.Acme[1], "--trust-domain", "acme.iotplatform.internal", "--root", RootOf("acme")];

        await LogInByCodeAsync("acme", tenant);

        File.GetUnixFileMode(ProfileOf("tenant")).ShouldBe(OwnerAlone);
        File.Exists(ProfileOf("default")).ShouldBeFalse();
        (await RunAsync("devices", "list")).EnsureSuccess().Output.ShouldContain("acme-meter-1");
        (await RunAsync("accounts", "list", "--tenant")).EnsureSuccess().Output.ShouldContain("admin");
        (await RunAsync("logout", "--tenant")).EnsureSuccess();
        File.Exists(ProfileOf("tenant")).ShouldBeFalse();
    }

    /// <summary>Four commands find the access token over: one of them renews it, and all go on.</summary>
    [SkippableFact]
    public async Task Commands_WhenTheAccessTokenIsOver_RenewItOnce_AndStayTheOwnersAlone()
    {
        await LogInByCodeAsync("provider", Trust);
        var before = await ReadAsync();
        await EndAccessAsync();

        var commands = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => RunAsync("tenants", "list")));

        commands.ShouldAllBe(command => command.ExitCode == 0, string.Join('\n', commands.Select(command => command.Error)));
        var after = await ReadAsync();
        ((string?)after["refresh_token"]).ShouldNotBe((string?)before["refresh_token"]);
        File.GetUnixFileMode(ProfileOf("default")).ShouldBe(OwnerAlone);
        Directory.GetFiles(_temp.Combine("configuration", "iot")).Where(file => File.GetUnixFileMode(file) != OwnerAlone).ShouldBeEmpty();
    }

    /// <summary>As a kill -9 between the server's answer and the file leaves it: the tokens of before, of which the refresh token has been used.</summary>
    [SkippableFact]
    public async Task Command_KilledBetweenRefreshAndFile_TheNextGoesOn()
    {
        await LogInByCodeAsync("provider", Trust);
        var before = await File.ReadAllBytesAsync(ProfileOf("default"));
        await EndAccessAsync();
        (await RunAsync("tenants", "list")).EnsureSuccess();
        await File.WriteAllBytesAsync(ProfileOf("default"), before);
        await EndAccessAsync();

        (await RunAsync("tenants", "list")).EnsureSuccess();
        (await RunAsync("tenants", "list")).EnsureSuccess();
    }

    [SkippableFact]
    public async Task ServiceAccounts_BySecretAndByKey_WorkWithoutTheDataFolder()
    {
        await LogInByCodeAsync("provider", Trust);
        foreach (var (name, how) in new (string, string[])[] { ("by-secret", []), ("by-key", ["--key", _temp.Combine("by.key")]) })
        {
            var file = _temp.Combine(name + ".env");
            (await RunAsync(["service-accounts", "add", name, "--env-file", file, .. how])).EnsureSuccess();
            var environment = (await File.ReadAllLinesAsync(file)).Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => (string?)pair[1]);
            (await IotCli.RunWithAsync(environment, ["tenants", "list", .. Trust])).EnsureSuccess();
            (await IotCli.RunWithAsync(environment, ["service-accounts", "list", .. Trust])).ExitCode.ShouldBe(5, "a viewer");
            (await RunAsync("service-accounts", "remove", name, "--yes")).EnsureSuccess();
            (await IotCli.RunWithAsync(environment, ["tenants", "list", .. Trust])).ExitCode.ShouldBe(5);
        }
    }

    /// <summary>The machine's operator needs nobody's password and no code.</summary>
    [SkippableFact]
    public async Task OperatorsKey_WhileTheAdministratorHasASecondFactor_WorksAsEver()
    {
        var url = new Uri(_demo.Provider[1]);
        using (var browser = new Browser())
        {
            var account = new Uri(url, "portal/account");
            await SignInAsync(browser, await browser.GetAsync(new Uri(url, "portal")), "sign-in", "provider");
            await browser.SubmitAsync(await browser.GetAsync(account), "account/confirm", ("password", await PasswordAsync("provider")), ("code", ""));
            var page = await browser.SubmitAsync(await browser.GetAsync(account), "account/authenticator");
            await browser.SubmitAsync(page, "authenticator/add", ("code", new AuthenticatorApp(page["secret"]!).CodeAt(TimeProvider.System.GetUtcNow())));
        }

        try
        {
            (await IotCli.RunAsync(["accounts", "list", .. _demo.Provider])).EnsureSuccess().Output.ShouldContain("totp");
            (await IotCli.RunAsync(["tenants", "list", .. _demo.Provider])).EnsureSuccess();
        }
        finally
        {
            (await IotCli.RunAsync(["accounts", "reset-factors", "admin", .. _demo.Provider])).EnsureSuccess();
        }

        (await IotCli.RunAsync(["accounts", "list", .. _demo.Provider])).EnsureSuccess().Output.ShouldNotContain("totp");
    }

    /// <summary>The provider's accounts, with what proves them: for the operator of its machine, nobody else, and nothing at a tenant.</summary>
    [SkippableFact]
    public async Task MoveToKeycloak_AtTheProvider_WritesARealm_ForItsOperatorAlone()
    {
        var file = _temp.Combine("realm.json");
        (await IotCli.RunAsync(["identity", "move-to-keycloak", "--export", file, .. _demo.Provider])).EnsureSuccess();

        File.GetUnixFileMode(file).ShouldBe(OwnerAlone);
        var realm = JsonNode.Parse(await File.ReadAllTextAsync(file))!;
        ((string?)realm["realm"]).ShouldBe("cdm");
        realm["users"]!.AsArray().Select(user => (string?)user!["username"]).ShouldContain("admin");
        realm["clients"]!.AsArray().Select(client => (string?)client!["clientId"]).ShouldContain("cdm-federation-acme");

        await LogInByCodeAsync("provider", Trust);
        var person = await RunAsync("identity", "move-to-keycloak", "--export", _temp.Combine("persons.json"));
        person.ExitCode.ShouldBe(5, person.Error);
        var tenant = await IotCli.RunAsync(["identity", "move-to-keycloak", "--export", _temp.Combine("tenants.json"), .. _demo.Acme]);
        tenant.ExitCode.ShouldBe(2, tenant.Error);
        tenant.Error.ShouldContain("data folder of a tenant");
        File.Exists(_temp.Combine("persons.json")).ShouldBeFalse();
        File.Exists(_temp.Combine("tenants.json")).ShouldBeFalse();
    }

    private string[] Trust => ["--url", _demo.Provider[1], "--root", RootOf("provider")];

    private string RootOf(string stack) => Path.Combine(_demo.DataOf(stack), "certs", "root_ca.crt");

    private string ProfileOf(string name) => _temp.Combine("configuration", "iot", name + ".json");

    private static ProcessUnderTest Start(Dictionary<string, string?> environment, string[] arguments) => ProcessUnderTest.StartDotnet(StackPrograms.Iot, arguments, environment);

    private Task<ToolResult> RunAsync(params string[] arguments) => IotCli.RunWithAsync(_home, arguments);

    private async Task<string> PasswordAsync(string stack) => (await File.ReadAllTextAsync(Path.Combine(_demo.DataOf(stack), "admin-password"))).Trim();

    private async Task<BrowserPage> SignInAsync(Browser browser, BrowserPage form, string action, string stack) =>
        await browser.SubmitAsync(form, action, ("username", "admin"), ("password", await PasswordAsync(stack)));

    private async Task LogInByCodeAsync(string stack, string[] where)
    {
        await using var login = Start(_home, ["login", "--code", .. where]);
        var page = (await login.WaitForLineAsync(line => line.Contains("/device?user_code=", StringComparison.Ordinal))).Trim();
        using var browser = new Browser();
        await browser.SubmitAsync(await SignInAsync(browser, await browser.GetAsync(new Uri(page)), "device/sign-in", stack), "/device", ("decision", "allow"));
        (await login.WaitForExitAsync()).ShouldBe(0, login.Output);
    }

    private async Task<JsonObject> ReadAsync() => (JsonObject)JsonNode.Parse(await File.ReadAllTextAsync(ProfileOf("default")))!;

    /// <summary>As five minutes later.</summary>
    private async Task EndAccessAsync()
    {
        var profile = await ReadAsync();
        profile["access_until"] = TimeProvider.System.GetUtcNow().AddMinutes(-1);
        await File.WriteAllTextAsync(ProfileOf("default"), profile.ToJsonString());
    }

    private async Task WriteProgramAsync(string script)
    {
        var program = _temp.Combine("browser");
        await File.WriteAllTextAsync(program, "#!/bin/sh\n" + script + "\n");
        File.SetUnixFileMode(program, OwnerAlone | UnixFileMode.UserExecute);
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        for (var i = 0; !holds() && i < 600; i++)
        {
            await Task.Delay(100);
        }

        holds().ShouldBeTrue();
    }
}
