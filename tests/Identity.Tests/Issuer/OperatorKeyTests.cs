using System.Security.Claims;
using System.Security.Cryptography;
using IoTPlatform.Hosting;
using IoTPlatform.Identity.Issuer;
using IoTPlatform.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.Identity.Tests.Issuer;

/// <summary>The key in the data folder by which the machine's operator works without a login.</summary>
public sealed class OperatorKeyTests(IssuerFixture fixture) : IClassFixture<IssuerFixture>, IDisposable
{
    private readonly TempFolder _temp = new();
    private readonly List<DataFolder> _folders = [];

    private string File => Path.Combine(_temp.Path, "stack", OperatorKey.FileName);

    public void Dispose()
    {
        _folders.ForEach(folder => folder.Dispose());
        _temp.Dispose();
    }

    [SkippableFact]
    public async Task FirstStart_MakesAKeyForItsOwnerAlone_AndItIsTheAdministratorInTheOperatorsName()
    {
        await StartAsync();

        System.IO.File.GetUnixFileMode(File).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var tokens = await TokenAsync();
        tokens.Status.ShouldBe(200, tokens.Text);
        ((string?)tokens.Claims("access_token")["preferred_username"]).ShouldBe("operator:" + Environment.UserName);
        (await fixture.SendAsync(HttpMethod.Post, Url("portal/admin/service-accounts"), tokens["access_token"], """{"name":"by-the-operator","roles":["cdm-viewer"]}""")).Status.ShouldBe(200);
        (await fixture.App.Database.ScalarAsync<string>("SELECT actor FROM audit.entries WHERE subject = 'service-account-by-the-operator'")).ShouldBe("operator:" + Environment.UserName);
        (await fixture.App.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'operator_key.registered' AND details::json->>'folder' LIKE '%' || $1", Folder)).ShouldBe(1);
    }

    [SkippableFact]
    public async Task NextStart_KeepsTheKey()
    {
        var keeper = await StartAsync();
        var before = await System.IO.File.ReadAllTextAsync(File);

        await keeper.RunAsync(default);

        (await System.IO.File.ReadAllTextAsync(File)).ShouldBe(before);
        (await TokenAsync()).Status.ShouldBe(200);
    }

    /// <summary>Deleting the file is how an operator takes a key back.</summary>
    [SkippableFact]
    public async Task Attack_KeyWhoseFileIsGone_OpensNothing_AndAnotherTakesItsPlace()
    {
        var keeper = await StartAsync();
        using var stolen = OperatorKey.Read(Folder)!;
        System.IO.File.Delete(File);

        await keeper.RunAsync(default);

        (await TokenAsync(stolen))["error"].ShouldBe("invalid_client");
        (await TokenAsync()).Status.ShouldBe(200);
    }

    [SkippableTheory]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherWrite)]
    public async Task Attack_KeyThatOthersCouldRead_IsNotUsed_AndReplaced(UnixFileMode mode)
    {
        var keeper = await StartAsync();
        using var seen = OperatorKey.Read(Folder)!;
        System.IO.File.SetUnixFileMode(File, mode);

        OperatorKey.Read(Folder).ShouldBeNull();
        await keeper.RunAsync(default);

        (await TokenAsync(seen))["error"].ShouldBe("invalid_client");
        System.IO.File.GetUnixFileMode(File).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        (await TokenAsync()).Status.ShouldBe(200);
    }

    [SkippableFact]
    public async Task Attack_KeyOfAnotherOwner_IsNotUsed_AndReplaced()
    {
        Requires.That(Environment.IsPrivilegedProcess, "only root gives files away");
        var keeper = await StartAsync();
        using var given = OperatorKey.Read(Folder)!;
        (await Tools.RunAsync("chown", ["nobody", File])).EnsureSuccess();

        OperatorKey.Read(Folder).ShouldBeNull();
        await keeper.RunAsync(default);

        (await TokenAsync(given))["error"].ShouldBe("invalid_client");
        (await TokenAsync()).Status.ShouldBe(200);
    }

    /// <summary>Who can write the file, but did not make the key that is registered, gets nothing by it.</summary>
    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Attack_PlantedKey_IsNotRegistered_AndReplaced(bool isKey)
    {
        var keeper = await StartAsync();
        using var planted = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await System.IO.File.WriteAllTextAsync(File, isKey ? planted.ExportPkcs8PrivateKeyPem() : "no key");

        await keeper.RunAsync(default);

        (await TokenAsync(planted))["error"].ShouldBe("invalid_client");
        (await TokenAsync()).Status.ShouldBe(200);
    }

    /// <summary>As a start that was killed after its first file leaves a folder of an earlier version, which has no second one.</summary>
    [SkippableFact]
    public async Task Attack_KeyThatWasReplacedHalfway_OpensNothing_WhereTheFolderDoesNotKnowItsClient()
    {
        var keeper = await StartAsync();
        using var before = OperatorKey.Read(Folder)!;
        using var halfway = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        System.IO.File.Delete(Path.Combine(Folder, OperatorKey.ClientFileName));
        await System.IO.File.WriteAllTextAsync(File, halfway.ExportPkcs8PrivateKeyPem());

        await keeper.RunAsync(default);

        (await TokenAsync(before))["error"].ShouldBe("invalid_client");
        (await TokenAsync()).Status.ShouldBe(200);
    }

    [SkippableFact]
    public async Task Attack_KeyOfAnotherStack_OpensNothing()
    {
        await StartAsync();
        var other = new IssuerFixture();
        await other.InitializeAsync();
        try
        {
            using var key = OperatorKey.Read(Folder)!;
            (await AskAsync(other, OperatorKey.ClientIdOf(key), Assertion(key, other.Issuer)))["error"].ShouldBe("invalid_client");
            // And what is signed for the other opens nothing here.
            (await AskAsync(fixture, OperatorKey.ClientIdOf(key), Assertion(key, other.Issuer)))["access_token"].ShouldBeNull();
        }
        finally
        {
            await other.DisposeAsync();
        }
    }

    [SkippableFact]
    public async Task Attack_ReplayedAssertion_OpensNothing()
    {
        await StartAsync();
        using var key = OperatorKey.Read(Folder)!;
        var assertion = Assertion(key, fixture.Issuer);

        (await AskAsync(fixture, OperatorKey.ClientIdOf(key), assertion)).Status.ShouldBe(200);

        (await AskAsync(fixture, OperatorKey.ClientIdOf(key), assertion))["error"].ShouldBe("invalid_client");
        fixture.App.Time.Advance(TimeSpan.FromMinutes(1)); // its end: no moment at which it is forgotten and still good
        (await AskAsync(fixture, OperatorKey.ClientIdOf(key), assertion))["access_token"].ShouldBeNull();
        fixture.App.Time.Advance(TimeSpan.FromMinutes(5));
        (await AskAsync(fixture, OperatorKey.ClientIdOf(key), assertion))["access_token"].ShouldBeNull();
    }

    [SkippableFact]
    public async Task Attack_ReplayedAtOnce_OpensOnce()
    {
        await StartAsync();
        using var key = OperatorKey.Read(Folder)!;
        var (id, assertion) = (OperatorKey.ClientIdOf(key), Assertion(key, fixture.Issuer));

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => AskAsync(fixture, id, assertion)));

        answers.Count(answer => answer["access_token"] is not null).ShouldBe(1);
    }

    [SkippableTheory]
    [InlineData(null, 1)]
    [InlineData("an id", 90)]
    public async Task Attack_AssertionThatCouldNotBeRemembered_Refused(string? id, int minutes)
    {
        await StartAsync();
        using var key = OperatorKey.Read(Folder)!;

        (await AskAsync(fixture, OperatorKey.ClientIdOf(key), Assertion(key, fixture.Issuer, id ?? "", minutes)))["error"].ShouldBe("invalid_client");
    }

    /// <summary>An administrator who gave it a key of his own would act in the operator's name.</summary>
    [SkippableFact]
    public async Task Attack_AdministratorTakesTheName_Refused()
    {
        await StartAsync();
        using var key = OperatorKey.Read(Folder)!;
        var admin = (await fixture.SignedInAsync(IssuerFixture.Api, "ada"))["access_token"];
        var name = OperatorKey.ClientIdOf(key)["service-account-".Length..];

        (await fixture.SendAsync(HttpMethod.Post, Url($"portal/admin/service-accounts/{name}/rotate"), admin, "{}"))["code"].ShouldBe("operator_key");
        (await fixture.SendAsync(HttpMethod.Post, Url("portal/admin/service-accounts"), admin, """{"name":"operator-0123456789abcdef","roles":["cdm-admin"]}"""))["code"].ShouldBe("bad_name");
        (await TokenAsync()).Status.ShouldBe(200);
        // Taking it away is an administrator's right; the host gives its machine another.
        (await fixture.SendAsync(HttpMethod.Delete, Url($"portal/admin/service-accounts/{name}"), admin)).Status.ShouldBe(204);
        (await TokenAsync())["error"].ShouldBe("invalid_client");
    }

    [SkippableFact]
    public async Task TwoFolders_OfOneDatabase_HaveAKeyEach()
    {
        await StartAsync();
        using var first = OperatorKey.Read(Folder)!;
        await StartAsync("another");
        using var second = OperatorKey.Read(Path.Combine(_temp.Path, "another"))!;

        (await TokenAsync(first)).Status.ShouldBe(200);
        (await TokenAsync(second)).Status.ShouldBe(200);
    }

    private string Folder => Path.GetDirectoryName(File)!;

    private Uri Url(string path) => new(fixture.Portal.Url, path);

    private async Task<OperatorKeyKeeper> StartAsync(string name = "stack")
    {
        var folder = DataFolder.Open(Path.Combine(_temp.Path, name));
        _folders.Add(folder);
        var keeper = new OperatorKeyKeeper(folder, fixture.App.Services.GetRequiredService<ServiceAccounts>(), fixture.App.Time, NullLogger<OperatorKeyKeeper>.Instance);
        await keeper.RunAsync(default);
        return keeper;
    }

    private async Task<TokenAnswer> TokenAsync()
    {
        using var key = OperatorKey.Read(Folder)!;
        return await TokenAsync(key);
    }

    private Task<TokenAnswer> TokenAsync(ECDsa key) => AskAsync(fixture, OperatorKey.ClientIdOf(key), Assertion(key, fixture.Issuer));

    private static Task<TokenAnswer> AskAsync(IssuerFixture issuer, string clientId, string assertion) => issuer.PostAsync("token",
    [
        ("grant_type", "client_credentials"), ("client_id", clientId), ("client_assertion", assertion), ("scope", "iot-bridge-api"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
    ]);

    private string Assertion(ECDsa key, string issuer, string? id = null, int minutes = 1)
    {
        var now = fixture.App.Time.GetUtcNow().UtcDateTime;
        var clientId = OperatorKey.ClientIdOf(key);
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Subject = new ClaimsIdentity([new Claim("sub", clientId), .. id is "" ? Array.Empty<Claim>() : [new Claim("jti", id ?? Guid.NewGuid().ToString("N"))]]),
            Issuer = clientId,
            Audience = issuer,
            IssuedAt = now,
            NotBefore = now,
            Expires = now.AddMinutes(minutes),
            SigningCredentials = new SigningCredentials(new ECDsaSecurityKey(key) { CryptoProviderFactory = new() { CacheSignatureProviders = false } }, SecurityAlgorithms.EcdsaSha256),
        });
    }
}
