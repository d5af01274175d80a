using System.Security.Cryptography;
using System.Text.Json;
using IoTPlatform.Client.Tests.Doubles;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Audit;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Contracts.Identity;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Pki.Files;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Iot.Tests.Commands;

/// <summary>Commands against a server with preset answers.</summary>
public sealed class ServerCommandTests : IAsyncLifetime
{
    private const string JoinKey = "ABCD-EFGH-JKLM-NPQR";
    private readonly TempFolder _temp = new();
    private FaultyServer _server = null!;

    public async Task InitializeAsync()
    {
        _server = await FaultyServer.StartAsync();
        await File.WriteAllTextAsync(_temp.Combine("root.crt"), _server.Authority.RootPem);
        OperatorOf(_temp.Combine("stack"));
        _server.Answer = LoggedInAnd((context, _) => context.ProblemAsync(404, "tenant_not_found", "no such tenant"));
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        _temp.Dispose();
    }

    /// <summary>What the key of the stack on this machine signs is not for a server of another platform, which could use it here.</summary>
    [Fact]
    public async Task DataFolder_OfAnotherPlatform_SignsNothingForTheServer()
    {
        using var ours = new TestAuthority("Ours");
        Directory.CreateDirectory(_temp.Combine("stack", "certs"));
        await File.WriteAllTextAsync(_temp.Combine("stack", "certs", "root_ca.crt"), ours.RootPem);

        (await RunAsync("tenants", "list")).Code.ShouldBe(ExitCode.NotAuthorised);

        _server.Seen.ShouldBeEmpty();
    }

    /// <summary>Nor for another tenant below the same root.</summary>
    [Fact]
    public async Task DataFolder_OfAnotherTenant_SignsNothingForTheServer()
    {
        await BecomeTenantAsync();
        using var evil = _server.Authority.IssueSubCa("evilb");
        Directory.CreateDirectory(_temp.Combine("stack", "join-bundle"));
        await File.WriteAllTextAsync(_temp.Combine("stack", "join-bundle", "sub-ca.crt"), evil.ExportCertificatePem());

        (await RunAsync("devices", "list", "--trust-domain", "acme.iot.example")).Code.ShouldBe(ExitCode.NotAuthorised);

        _server.Seen.ShouldNotContain(request => request.Path.Contains("/realms/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Command_OnTheMachine_AsksForATokenByTheOperatorsKey()
    {
        var (code, _, error) = await RunAsync("tenants", "show", "acme");

        code.ShouldBe(ExitCode.NotFound);
        error.ShouldBe("error: no such tenant (tenant_not_found)\n");
        _server.Seen.Select(request => $"{request.Method} {request.Path}").ShouldBe(
            ["GET /realms/cdm/.well-known/openid-configuration", "POST /realms/cdm/protocol/openid-connect/token", "GET /portal/admin/tenants/acme"]);
        _server.Seen[1].Body.ShouldContain("grant_type=client_credentials");
        _server.Seen[1].Body.ShouldContain("client_assertion=");
        _server.Seen[2].Authorization.ShouldBe("Bearer t");
    }

    [Theory]
    [InlineData("not_found")]
    [InlineData(null)]
    public async Task Command_AtTheOtherKindOfStack_SaysSo(string? code)
    {
        _server.Answer = LoggedInAnd((context, _) => code is null ? Bare404(context) : context.ProblemAsync(404, code, "There is nothing at this address of the IoT tenant acme."));

        var (exit, _, error) = await RunAsync("tenants", "list");

        exit.ShouldBe(ExitCode.NotFound);
        error.ShouldContain("does not have what this command asks a provider for");
        error.ShouldContain("Check --url");
        if (code is not null)
        {
            error.ShouldContain("IoT tenant acme");
        }
    }

    [Theory]
    [InlineData("join-bundle/bundle.json", "tenant", "tenants list", ExitCode.Usage)]
    [InlineData("secrets/intermediate_ca_key", "provider", "devices list", ExitCode.Usage)]
    [InlineData("join-bundle/bundle.json", "tenant", "devices list", ExitCode.Ok)]
    public async Task Command_WithTheOtherKindOfDataFolder_SaysSo(string mark, string kind, string command, int expected)
    {
        await BecomeTenantAsync();
        var tenant = _server.Answer!;
        _server.Answer = (context, request) => request.Path.StartsWith("/portal/devices", StringComparison.Ordinal)
            ? context.JsonAsync(new Page<DeviceSummary> { Items = [] }, ContractsJson.Default.PageDeviceSummary)
            : tenant(context, request);
        var folder = _temp.Combine("data");
        Directory.CreateDirectory(Path.Combine(folder, Path.GetDirectoryName(mark)!));
        Directory.CreateDirectory(Path.Combine(folder, "certs"));
        await File.WriteAllTextAsync(Path.Combine(folder, mark), "");
        OperatorOf(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, "certs", "root_ca.crt"), _server.Authority.RootPem);

        string[] trust = expected == ExitCode.Ok ? ["--trust-domain", "acme.iot.example"] : [];

        var (code, _, error) = await Cli.RunAsync([.. command.Split(' '), "--url", _server.Url.ToString(), "--data", folder, .. trust]);

        code.ShouldBe(expected, error);
        if (expected != ExitCode.Ok)
        {
            error.ShouldContain($"is the data folder of a {kind}");
        }
    }

    [Fact]
    public async Task OperatorsKey_ThatTheServerDoesNotKnow_IsNotAuthorised()
    {
        var known = _server.Answer!;
        _server.Answer = (context, request) =>
        {
            if (!request.Path.EndsWith("/token", StringComparison.Ordinal))
            {
                return known(context, request);
            }

            context.Response.StatusCode = 401;
            return context.Response.WriteAsJsonAsync(new { error = "invalid_client", error_description = "no" });
        };

        var (code, _, error) = await RunAsync("tenants", "list");

        code.ShouldBe(ExitCode.NotAuthorised);
        error.ShouldContain("does not know the operator's key");
    }

    [Fact]
    public async Task NobodyLoggedIn_IsNotAuthorised_AndSaysHow()
    {
        File.Delete(_temp.Combine("stack", "operator-key"));

        var (code, _, error) = await RunAsync("tenants", "list");

        code.ShouldBe(ExitCode.NotAuthorised);
        error.ShouldContain("iot login");
        _server.Seen.ShouldBeEmpty();
    }

    [Fact]
    public async Task OperatorsKey_ThatOthersMayRead_IsNotUsed()
    {
        File.SetUnixFileMode(_temp.Combine("stack", "operator-key"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);

        (await RunAsync("tenants", "list")).Error.ShouldContain("0600");

        _server.Seen.ShouldNotContain(request => request.Method == "POST");
    }

    [Fact]
    public async Task List_Pages_AreFollowedToTheEnd()
    {
        _server.Answer = LoggedInAnd((context, request) => context.JsonAsync(
            request.Path.EndsWith("cursor=2", StringComparison.Ordinal)
                ? new Page<TenantSummary> { Items = [Tenant("globex")] }
                : new Page<TenantSummary> { Items = [Tenant("acme")], NextCursor = "2" },
            ContractsJson.Default.PageTenantSummary));

        var (code, output, _) = await RunAsync("tenants", "list");
        var (_, json, _) = await RunAsync("tenants", "list", "--json");

        code.ShouldBe(ExitCode.Ok);
        output.ShouldContain("acme");
        output.ShouldContain("globex");
        output.ShouldNotContain("\u001b");
        JsonDocument.Parse(json).RootElement.EnumerateArray().Select(tenant => tenant.GetProperty("tenant_id").GetString()).ShouldBe(["acme", "globex"]);
    }

    [Fact]
    public async Task List_CursorThatNeverMoves_Ends()
    {
        _server.Answer = LoggedInAnd((context, _) => context.JsonAsync(new Page<TenantSummary> { Items = [Tenant("acme")], NextCursor = "1" }, ContractsJson.Default.PageTenantSummary));

        (await RunAsync("tenants", "list")).Code.ShouldBe(ExitCode.Ok);
    }

    [Fact]
    public async Task Prepare_WithoutFile_ShowsTheKeyBecauseItIsTheAnswer()
    {
        _server.Answer = LoggedInAnd(Prepared);

        var (_, output, _) = await RunAsync("tenants", "prepare", "acme");
        var (_, json, _) = await RunAsync("tenants", "prepare", "acme", "--json");

        output.ShouldContain(JoinKey);
        JsonDocument.Parse(json).RootElement.GetProperty("join_key").GetString().ShouldBe(JoinKey);
    }

    [Fact]
    public async Task Prepare_IntoAnEnvFile_KeepsTheKeyOffTheScreen()
    {
        _server.Answer = LoggedInAnd(Prepared);

        var (code, output, error) = await RunAsync("tenants", "prepare", "acme", "--name", "Acme", "--env-file", _temp.Combine("acme.env"));

        code.ShouldBe(ExitCode.Ok);
        (output + error).ShouldNotContain(JoinKey);
        var lines = await File.ReadAllLinesAsync(_temp.Combine("acme.env"));
        lines.ShouldContain($"JOIN_KEY={JoinKey}");
        lines.ShouldContain("TENANT_ID=acme");
        lines.ShouldContain($"STEP_CA_FINGERPRINT={_server.Trust.Fingerprint}");
        lines.ShouldContain($"PROVIDER_URL={_server.Url.AbsoluteUri.TrimEnd('/')}");
        File.GetUnixFileMode(_temp.Combine("acme.env")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Theory]
    [InlineData("prepare")]
    [InlineData("replace-key")]
    public async Task EnvFile_NamesThePublicUrl_NotTheOneTheOperatorUsed(string verb)
    {
        _server.Answer = LoggedInAnd((context, _) => context.JsonAsync(
            new PreparedTenant { TenantId = "acme", DisplayName = "Acme", JoinKey = JoinKey, ExpiresAt = DateTimeOffset.UnixEpoch, Hint = "set it", ProviderUrl = "https://provider.example:9443" }, ContractsJson.Default.PreparedTenant));

        (await RunAsync("tenants", verb, "acme", "--env-file", _temp.Combine("acme.env"))).Code.ShouldBe(ExitCode.Ok);

        (await File.ReadAllLinesAsync(_temp.Combine("acme.env"))).ShouldContain("PROVIDER_URL=https://provider.example:9443");
    }

    [Fact]
    public async Task Approve_WithoutATerminal_ShowsTheKeyAndDoesNothing()
    {
        _server.Answer = LoggedInAnd((context, _) => context.JsonAsync(Asking, ContractsJson.Default.TenantDetail));

        var (code, _, error) = await RunAsync("tenants", "approve", "acme");

        code.ShouldBe(ExitCode.Usage);
        error.ShouldContain(Asking.SubCaKeySha256!);
        _server.Seen.ShouldNotContain(request => request.Method == "POST" && request.Path.Contains("approve", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--yes")]
    [InlineData("--key AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA")]
    public async Task Approve_Confirmed_SendsTheKeyThatWasCompared(string how)
    {
        _server.Answer = LoggedInAnd((context, _) => context.JsonAsync(Asking, ContractsJson.Default.TenantDetail));

        (await RunAsync(["tenants", "approve", "acme", .. how.Split(' ')])).Code.ShouldBe(ExitCode.Ok);

        _server.Seen.ShouldContain(request => request.Path == "/portal/admin/join-request/acme/approve?sub_ca_key_sha256=" + Asking.SubCaKeySha256);
    }

    [Fact]
    public async Task Show_OfATenant_PrintsItsKeyAndSerialsInBothForms()
    {
        _server.Answer = LoggedInAnd((context, _) => context.JsonAsync(Asking with { SubCaSerials = ["43981"], BridgeSerial = "255" }, ContractsJson.Default.TenantDetail));

        var (_, output, _) = await RunAsync("tenants", "show", "acme");

        output.ShouldContain(Asking.SubCaKeySha256!);
        output.ShouldContain("43981 (hex 00ABCD)");
        output.ShouldContain("255 (hex 00FF)");
    }

    [Fact]
    public async Task CaList_InHex_PrintsHex()
    {
        _server.Answer = LoggedInAnd((context, _) => context.JsonAsync(
            new Page<CertificateSummary>
            {
                Items =
                [
                    new()
                    {
                        Serial = "43981", Subject = "pump-1", Sans = [], Issuer = "acme Sub-CA", Profile = "device", Provisioner = "p", Requester = "r",
                        NotBefore = DateTimeOffset.UnixEpoch, NotAfter = DateTimeOffset.UnixEpoch,
                    },
                ],
            },
            ContractsJson.Default.PageCertificateSummary));

        (await RunAsync("ca", "list")).Output.ShouldContain("43981 ");
        var hex = (await RunAsync("ca", "list", "--hex")).Output;

        hex.ShouldContain("00ABCD ");
        hex.ShouldNotContain("43981");
    }

    [Fact]
    public async Task Token_IntoAFile_KeepsItOffTheScreen()
    {
        await BecomeTenantAsync();

        var (code, output, error) = await RunAsync("devices", "token", "pump-1", "--expires", "2h", "--trust-domain", "acme.iot.example", "--out", _temp.Combine("token"), "--env-file", _temp.Combine("env"));

        code.ShouldBe(ExitCode.Ok);
        (output + error).ShouldNotContain("s3cret");
        (await File.ReadAllTextAsync(_temp.Combine("token"))).ShouldBe("s3cret\n");
        File.GetUnixFileMode(_temp.Combine("token")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        JsonDocument.Parse(_server.Seen.Single(request => request.Path == "/portal/devices/tokens").Body).RootElement.GetProperty("expires_in_seconds").GetInt32().ShouldBe(7200);
        File.GetUnixFileMode(_temp.Combine("env")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        (await File.ReadAllLinesAsync(_temp.Combine("env")))[1..].ShouldBe(
            ["IOT_TENANT_URL=https://tenant.example/", $"STEP_CA_FINGERPRINT={new string('a', 64)}", "IOT_TRUST_DOMAIN=acme.iot.example", "IOT_ENROLLMENT_TOKEN=s3cret"]);
    }

    [Fact]
    public async Task Tenant_WithoutATrustDomain_IsNotCalled()
    {
        await BecomeTenantAsync();

        var (code, _, error) = await RunAsync("devices", "list");

        code.ShouldBe(ExitCode.Usage);
        error.ShouldContain("--trust-domain");
        _server.Seen.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("globex.iot.example")]
    [InlineData("iot.example")]
    public async Task Tenant_OfAnotherTrustDomain_IsAskedNothing(string meant)
    {
        await BecomeTenantAsync();

        var (code, _, error) = await RunAsync("devices", "list", "--trust-domain", meant);

        code.ShouldBe(ExitCode.Unreachable);
        error.ShouldContain("Sub-CA");
        _server.Seen.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(true, 14, "revoked")]
    [InlineData(false, -1, "ended")]
    public async Task Tenant_RevokedSubCaOrAnOldList_IsSentNothing(bool revoked, int days, string reason)
    {
        await BecomeTenantAsync(revoked, days);

        var (code, _, error) = await RunAsync("devices", "list", "--trust-domain", "acme.iot.example");

        code.ShouldBe(ExitCode.Unreachable);
        error.ShouldContain(reason);
        _server.Seen.Select(request => request.Path).ShouldBe(["/crl/sub-cas"]);
    }

    // Instead of the provider: a tenant that hands out a token.
    private async Task BecomeTenantAsync(bool revoked = false, int listDays = 14)
    {
        await _server.DisposeAsync();
        _server = await FaultyServer.StartAsync(authority: new TestAuthority(tenant: "acme"));
        await File.WriteAllTextAsync(_temp.Combine("root.crt"), _server.Authority.RootPem);
        var now = TimeProvider.System.GetUtcNow();
        var list = TestRevocationList.Create(_server.Authority.Intermediate, 1, now.AddDays(-2), now.AddDays(listDays), revoked ? [_server.Authority.Issuer] : []);
        _server.Answer = LoggedInAnd((context, request) => request.Path == "/crl/sub-cas" ? context.Response.Body.WriteAsync(list).AsTask() : context.JsonAsync(
            new CreatedEnrollmentToken
            {
                Id = Guid.Empty,
                Token = "s3cret",
                Uses = 1,
                DeviceId = "pump-1",
                ExpiresAt = DateTimeOffset.UnixEpoch,
                TenantUrl = "https://tenant.example/",
                RootFingerprint = new string('a', 64),
                TrustDomain = "acme.iot.example",
            },
            ContractsJson.Default.CreatedEnrollmentToken));
    }

    [Fact]
    public async Task Remove_WithoutYesAndWithoutATerminal_DoesNothing()
    {
        var (code, _, error) = await RunAsync("tenants", "remove", "acme");

        code.ShouldBe(ExitCode.Usage);
        error.ShouldContain("--yes");
        _server.Seen.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(true, null, ExitCode.Ok)]
    [InlineData(false, null, ExitCode.Failed)]
    [InlineData(true, "abcd", ExitCode.Ok)]
    [InlineData(true, "0123", ExitCode.Failed)]
    public async Task AuditVerify_ExitCode_SaysWhetherTheLogHolds(bool intact, string? head, int expected)
    {
        _server.Answer = LoggedInAnd((context, request) => request.Path.StartsWith("/portal/audit/verify", StringComparison.Ordinal)
            ? context.JsonAsync(new AuditVerification { Entries = 3, Intact = intact, Head = "abcd", BrokenAt = intact ? null : 2 }, ContractsJson.Default.AuditVerification)
            : context.JsonAsync(new Page<AuditEntryView> { Items = [] }, ContractsJson.Default.PageAuditEntryView));

        (await RunAsync(head is null ? ["audit", "verify"] : ["audit", "verify", "--head", head])).Code.ShouldBe(expected);
    }

    [Fact]
    public async Task AuditList_ByDefault_AsksForTheNewestWithoutLogins()
    {
        _server.Answer = LoggedInAnd((context, _) => context.JsonAsync(new Page<AuditEntryView> { Items = [Entry(7, "tenant.prepared"), Entry(5, "ca.key_used")] }, ContractsJson.Default.PageAuditEntryView));

        var (code, output, _) = await RunAsync("audit", "list");
        var (_, json, _) = await RunAsync("audit", "list", "--json");

        code.ShouldBe(ExitCode.Ok);
        output.IndexOf("tenant.prepared", StringComparison.Ordinal).ShouldBeLessThan(output.IndexOf("ca.key_used", StringComparison.Ordinal));
        _server.Seen[2].Path.ShouldBe("/portal/audit?order=desc&except=login.succeeded&except=logout&except=session.ended&limit=200");
        var entry = JsonDocument.Parse(json).RootElement[0];
        entry.GetProperty("details").GetProperty("name").GetString().ShouldBe("Äcme");
        entry.GetProperty("sequence").GetInt64().ShouldBe(7);
    }

    [Theory]
    [InlineData("--action login.*", "/portal/audit?order=desc&action=login.%2A&limit=200")]
    [InlineData("--logins --actor admin", "/portal/audit?order=desc&actor=admin&limit=200")]
    [InlineData("--logins --subject acme --limit 3", "/portal/audit?order=desc&subject=acme&limit=3")]
    [InlineData("--logins --since 2026-11-01", "/portal/audit?order=desc&since=2026-11-01T00%3A00%3A00.0000000%2B00%3A00&limit=200")]
    [InlineData("--logins --until 2026-11-01T08:00:00+02:00", "/portal/audit?order=desc&until=2026-11-01T08%3A00%3A00.0000000%2B02%3A00&limit=200")]
    [InlineData("--logins --after 120", "/portal/audit?cursor=120&limit=200")]
    public async Task AuditList_Filters_GoToTheServer(string options, string path)
    {
        _server.Answer = LoggedInAnd((context, _) => context.JsonAsync(new Page<AuditEntryView> { Items = [] }, ContractsJson.Default.PageAuditEntryView));

        (await RunAsync(["audit", "list", .. options.Split(' ')])).Code.ShouldBe(ExitCode.Ok);

        _server.Seen[2].Path.ShouldBe(path);
    }

    [Fact]
    public async Task AuditList_SinceThatIsNoTime_IsUsage()
    {
        var (code, _, error) = await RunAsync("audit", "list", "--since", "soon");

        code.ShouldBe(ExitCode.Usage);
        error.ShouldContain("'soon' is not a time");
    }

    [Fact]
    public async Task AuditList_DetailsThatAreNoJson_StayText()
    {
        _server.Answer = LoggedInAnd((context, _) => context.JsonAsync(new Page<AuditEntryView> { Items = [Entry(1, "a") with { Details = "{broken" }] }, ContractsJson.Default.PageAuditEntryView));

        var (code, json, _) = await RunAsync("audit", "list", "--json");

        code.ShouldBe(ExitCode.Ok);
        JsonDocument.Parse(json).RootElement[0].GetProperty("details").GetString().ShouldBe("{broken");
    }

    [Fact]
    public async Task AuditFollow_GoesOn_ThroughAnOutageAndEndsWhenItIsRefused()
    {
        var answers = new Queue<Func<HttpContext, Task>>(
        [
            context => context.JsonAsync(new Page<AuditEntryView> { Items = [Entry(3, "third"), Entry(2, "second")] }, ContractsJson.Default.PageAuditEntryView),
            context => context.JsonAsync(new Page<AuditEntryView> { Items = [Entry(4, "fourth")] }, ContractsJson.Default.PageAuditEntryView),
            context => context.ProblemAsync(401, "unauthenticated", "the session has ended"),
            context => context.JsonAsync(new Page<AuditEntryView> { Items = [Entry(5, "fifth")] }, ContractsJson.Default.PageAuditEntryView),
            context => context.ProblemAsync(403, "forbidden", "no longer an admin"),
        ]);
        _server.Answer = LoggedInAnd((context, _) => answers.Dequeue()(context));

        var (code, output, error) = await RunAsync("audit", "list", "--follow", "--json");

        code.ShouldBe(ExitCode.NotAuthorised);
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Take(4).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("sequence").GetInt64());
        lines.ShouldBe([2, 3, 4, 5], error);
        _server.Seen.Select(request => request.Path).Where(path => path.Contains("cursor", StringComparison.Ordinal)).Select(path => path.Split("cursor=")[1].Split('&')[0]).ShouldBe(["3", "4", "4", "5"]);
    }

    [Fact]
    public async Task Json_Enums_AreWrittenAsTheRestIs()
    {
        _server.Answer = LoggedInAnd((context, _) => context.JsonAsync(new Page<TenantSummary> { Items = [Tenant("acme")] }, ContractsJson.Default.PageTenantSummary));

        var (_, json, _) = await RunAsync("tenants", "list", "--json");

        JsonDocument.Parse(json).RootElement[0].GetProperty("status").GetString().ShouldBe("active");
    }

    [Fact]
    public async Task Server_TextWithMarkup_IsPrintedAsItIs()
    {
        _server.Answer = LoggedInAnd((context, _) => context.JsonAsync(
            new Page<TenantSummary> { Items = [Tenant("acme") with { DisplayName = "[red]Acme[/] [[x" }] }, ContractsJson.Default.PageTenantSummary));

        var (code, output, _) = await RunAsync("tenants", "list");

        code.ShouldBe(ExitCode.Ok);
        output.ShouldContain("[red]Acme[/] [[x");
    }

    private static TenantDetail Asking => new()
    {
        TenantId = "acme",
        DisplayName = "acme",
        Status = TenantStatus.Requested,
        Plan = "standard",
        CreatedAt = DateTimeOffset.UnixEpoch,
        DnsDomains = [],
        Steps = [],
        SubCaSerials = [],
        SubCaKeySha256 = new string('a', 64),
    };

    private static AuditEntryView Entry(long sequence, string action) =>
        new() { Sequence = sequence, At = DateTimeOffset.UnixEpoch, Actor = "admin", Action = action, Subject = "acme", Details = """{"name":"Äcme"}""", Hash = "00" };

    private static TenantSummary Tenant(string id) => new() { TenantId = id, DisplayName = id, Status = TenantStatus.Active, CreatedAt = DateTimeOffset.UnixEpoch };

    private static Task Prepared(HttpContext context, SeenRequest request) => context.JsonAsync(
        new PreparedTenant { TenantId = "acme", DisplayName = "Acme", JoinKey = JoinKey, ExpiresAt = DateTimeOffset.UnixEpoch, Hint = "set it" }, ContractsJson.Default.PreparedTenant);

    private static Task Bare404(HttpContext context)
    {
        context.Response.StatusCode = 404;
        return Task.CompletedTask;
    }

    private Func<HttpContext, SeenRequest, Task> LoggedInAnd(Func<HttpContext, SeenRequest, Task> answer) => (context, request) => request.Path switch
    {
        "/realms/cdm/.well-known/openid-configuration" => context.JsonAsync(new IssuerDocument { Issuer = _server.Url + "realms/cdm" }, ContractsJson.Default.IssuerDocument),
        "/realms/cdm/protocol/openid-connect/token" => context.JsonAsync(new IssuedTokens { AccessToken = "t", ExpiresIn = 60 }, ContractsJson.Default.IssuedTokens),
        _ => answer(context, request),
    };

    private static void OperatorOf(string folder)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Directory.CreateDirectory(folder);
        AtomicFile.WriteText(Path.Combine(folder, "operator-key"), key.ExportPkcs8PrivateKeyPem() + "\n", AtomicFile.Secret);
    }

    private Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments) =>
        Cli.RunAsync([.. arguments, "--url", _server.Url.ToString(), "--root", _temp.Combine("root.crt"), "--data", _temp.Combine("stack")]);
}
