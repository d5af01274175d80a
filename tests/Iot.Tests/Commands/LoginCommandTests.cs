using System.Buffers.Text;
using System.Net;
using System.Text.Json;
using IoTPlatform.Client.Tests.Doubles;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Identity;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Iot.Tests.Commands;

/// <summary><c>iot login</c> and the log-in that it leaves, against a server with preset answers.</summary>
public sealed class LoginCommandTests : IAsyncLifetime
{
    private static readonly TempFolder Configuration = new();
    private readonly TempFolder _temp = new();
    private readonly string _name = "p" + Guid.NewGuid().ToString("N");
    private FaultyServer _server = null!;
    private int _expiresIn = 300;
    private string? _refusal;
    private string? _token;
    private byte[]? _rootList;
    private int _issued;

    private string File => Path.Combine(Configuration.Path, "iot", _name + ".json");

    public async Task InitializeAsync()
    {
        Environment.SetEnvironmentVariable("XDG_CONFIG_HOME", Configuration.Path); // for the whole process: no other test reads a log-in
        _server = await FaultyServer.StartAsync();
        await System.IO.File.WriteAllTextAsync(_temp.Combine("root.crt"), _server.Authority.RootPem);
        _server.Answer = AnswerAsync;
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        _temp.Dispose();
    }

    [Fact]
    public async Task Login_AllowedInTheBrowser_LaterCommandsNeedNothingElse()
    {
        var (code, output, error) = await LoginAsync();

        code.ShouldBe(ExitCode.Ok, error);
        error.ShouldContain("https://provider.example/device?user_code=1111-2222");
        error.ShouldContain("1111-2222");
        (output + error).ShouldNotContain("refresh-");
        System.IO.File.GetUnixFileMode(File).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);

        (await Cli.RunAsync("tenants", "list", "--profile", _name)).Code.ShouldBe(ExitCode.Ok);
        _server.Seen[^1].Authorization.ShouldBe("Bearer access-1");
        _server.Seen.ShouldNotContain(request => request.Path.StartsWith("/portal/log", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("ada", "as ada")]
    [InlineData("\u001b[2Jada", null)]
    public async Task Login_SaysAsWhom(string user, string? said)
    {
        _token = $"eyJhbGciOiJub25lIn0.{Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(new { preferred_username = user }))}.c2ln";

        var (code, output, error) = await LoginAsync();

        code.ShouldBe(ExitCode.Ok, error);
        output.ShouldContain("logged in at");
        output.ShouldNotContain("\u001b");
        output.Contains(" as ", StringComparison.Ordinal).ShouldBe(said is not null);
        output.ShouldContain(said ?? "logged in at");
    }

    [Fact]
    public async Task Command_WhenTheTokenHasRunOut_RefreshesItOnce()
    {
        _expiresIn = 5;
        await LoginAsync();
        _expiresIn = 300;

        await Cli.RunAsync("tenants", "list", "--profile", _name);
        await Cli.RunAsync("tenants", "list", "--profile", _name);

        _server.Seen.Count(request => request.Body.Contains("refresh_token=refresh-1", StringComparison.Ordinal)).ShouldBe(1);
        _server.Seen[^1].Authorization.ShouldBe("Bearer access-2");
    }

    [Fact]
    public async Task Command_WhenTheLogInHasEnded_SaysHowToLogInAgain()
    {
        _expiresIn = 5;
        await LoginAsync();
        _refusal = "invalid_grant";

        var (code, _, error) = await Cli.RunAsync("tenants", "list", "--profile", _name);

        code.ShouldBe(ExitCode.NotAuthorised);
        error.ShouldContain($"iot login --profile {_name}");
    }

    [Theory]
    [InlineData("access_denied", ExitCode.NotAuthorised)]
    [InlineData("expired_token", ExitCode.Failed)]
    public async Task Login_NotAllowed_LeavesNothing(string refusal, int exit)
    {
        _refusal = refusal;

        (await LoginAsync()).Code.ShouldBe(exit);

        System.IO.File.Exists(File).ShouldBeFalse();
    }

    [Fact]
    public async Task Login_ProviderWithoutAnIssuer_SaysWhatToDo()
    {
        _server.Answer = (context, _) =>
        {
            context.Response.StatusCode = 404;
            return Task.CompletedTask;
        };

        var (code, _, error) = await LoginAsync();

        code.ShouldBe(ExitCode.NotFound);
        error.ShouldContain("Check --url");
    }

    [Fact]
    public async Task Logout_RevokesAndForgets()
    {
        await LoginAsync();

        (await Cli.RunAsync("logout", "--profile", _name)).Code.ShouldBe(ExitCode.Ok);

        _server.Seen[^1].Path.ShouldEndWith("/revoke");
        _server.Seen[^1].Body.ShouldContain("token=refresh-1");
        System.IO.File.Exists(File).ShouldBeFalse();
        (await Cli.RunAsync("logout", "--profile", _name)).Code.ShouldBe(ExitCode.NotFound);
        (await Cli.RunAsync("tenants", "list", "--profile", _name)).Code.ShouldBe(ExitCode.NotAuthorised);
    }

    [Fact]
    public async Task Profile_ReadableByOthers_IsNotUsed()
    {
        await LoginAsync();
        System.IO.File.SetUnixFileMode(File, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);

        var (code, _, error) = await Cli.RunAsync("tenants", "list", "--profile", _name);

        code.ShouldBe(ExitCode.Failed);
        error.ShouldContain("chmod 600");
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("a/b")]
    [InlineData(".")]
    public async Task Profile_NameThatIsAPath_IsUsage(string name) => (await Cli.RunAsync("tenants", "list", "--profile", name)).Code.ShouldBe(ExitCode.Usage);

    [Fact]
    public async Task Profile_OfAnotherServer_IsNotSentThere()
    {
        await LoginAsync();
        var before = _server.Seen.Count;

        (await Cli.RunAsync("tenants", "list", "--profile", _name, "--url", "https://evil.example")).Code.ShouldBe(ExitCode.Usage);

        _server.Seen.Count.ShouldBe(before);
    }

    /// <summary>The log-in has seen the root's list, and somebody with the key of a replaced Intermediate CA answers in the provider's place.</summary>
    [Fact]
    public async Task Command_ServerUnderARevokedIntermediate_DoesNotSeeTheToken()
    {
        await using var thief = await FaultyServer.StartAsync(authority: _server.Authority.WithAnotherIntermediate());
        _rootList = _server.Authority.RootList(2, thief.Authority.Intermediate);
        await LoginAsync();
        await System.IO.File.WriteAllTextAsync(File, (await System.IO.File.ReadAllTextAsync(File)).Replace(_server.Url.AbsoluteUri, thief.Url.AbsoluteUri, StringComparison.Ordinal));

        var (code, _, error) = await Cli.RunAsync("tenants", "list", "--profile", _name);

        code.ShouldNotBe(ExitCode.Ok);
        error.ShouldContain("revoked the Intermediate CA");
        thief.Seen.ShouldBeEmpty();
    }

    /// <summary>A person logs in elsewhere under the same name while a command goes on here.</summary>
    [Fact]
    public async Task Command_WhenTheLogInIsAtAnotherServerByNow_TellsNothingOfIt_AndLeavesIt()
    {
        _expiresIn = 5;
        await LoginAsync();
        _server.Answer = async (context, request) =>
        {
            if (request.Authorization != "Bearer access-2")
            {
                await AnswerAsync(context, request);
                return;
            }

            var other = (await System.IO.File.ReadAllTextAsync(File)).Replace(_server.Url.AbsoluteUri, "https://other.example/", StringComparison.Ordinal);
            await System.IO.File.WriteAllTextAsync(File, other.Replace("access-2", "access-elsewhere", StringComparison.Ordinal).Replace("refresh-2", "refresh-elsewhere", StringComparison.Ordinal));
            await context.JsonAsync(new Page<TenantSummary> { Items = [], NextCursor = "more" }, ContractsJson.Default.PageTenantSummary);
        };

        var (code, _, error) = await Cli.RunAsync("tenants", "list", "--profile", _name);

        code.ShouldBe(ExitCode.NotAuthorised, error);
        error.ShouldContain("other.example");
        _server.Seen.ShouldNotContain(request => (request.Authorization + request.Body).Contains("elsewhere", StringComparison.Ordinal));
        (await System.IO.File.ReadAllTextAsync(File)).ShouldContain("refresh-elsewhere");
    }

    private Task<(int Code, string Output, string Error)> LoginAsync() => Cli.RunAsync("login", "--code", "--profile", _name, "--url", _server.Url.AbsoluteUri, "--root", _temp.Combine("root.crt"));

    private Task AnswerAsync(HttpContext context, SeenRequest request)
    {
        if (request.Path.EndsWith("/auth/device", StringComparison.Ordinal))
        {
            return context.JsonAsync(
                new DeviceAuthorization
                {
                    DeviceCode = "device",
                    UserCode = "1111-2222",
                    VerificationUri = "https://provider.example/device",
                    VerificationUriComplete = "https://provider.example/device?user_code=1111-2222",
                    ExpiresIn = 600,
                    Interval = 1,
                },
                ContractsJson.Default.DeviceAuthorization);
        }

        if (request.Path.EndsWith("/token", StringComparison.Ordinal))
        {
            return _refusal is { } refusal ? RefuseAsync(context, refusal)
                : context.JsonAsync(new IssuedTokens { AccessToken = _token ?? $"access-{_issued + 1}", ExpiresIn = _expiresIn, RefreshToken = $"refresh-{++_issued}" }, ContractsJson.Default.IssuedTokens);
        }

        if (request.Path == _server.Authority.RootListPath)
        {
            context.Response.StatusCode = _rootList is null ? 404 : 200;
            return context.Response.Body.WriteAsync(_rootList ?? []).AsTask();
        }

        return request.Path.EndsWith("/revoke", StringComparison.Ordinal) ? Task.CompletedTask : context.JsonAsync(new Page<TenantSummary> { Items = [] }, ContractsJson.Default.PageTenantSummary);
    }

    private static Task RefuseAsync(HttpContext context, string error)
    {
        context.Response.StatusCode = (int)HttpStatusCode.BadRequest;
        return context.Response.WriteAsJsonAsync(new { error, error_description = "no" });
    }
}
