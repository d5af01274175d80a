using IoTPlatform.Client;
using IoTPlatform.Client.Tests.Doubles;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Devices;

namespace IoTPlatform.Agent.Tests;

/// <summary>A thief has the key of an Intermediate CA that was replaced: it signs another Sub-CA of the tenant, and with that one the certificate of its server.</summary>
public sealed class ReplacedIntermediateTests : IAsyncLifetime
{
    private FakeTenant _tenant = null!;
    private FaultyServer _thief = null!;

    public async Task InitializeAsync()
    {
        _tenant = await FakeTenant.StartAsync();
        _thief = await FaultyServer.StartAsync(authority: _tenant.Server.Authority.WithAnotherIntermediate());
        var list = TestRevocationList.Create(_thief.Authority.Intermediate, 1, _tenant.Time.GetUtcNow().AddMinutes(-1), _tenant.Time.GetUtcNow().AddDays(14));
        _thief.Answer = (context, request) => request.Method == "GET"
            ? context.Response.Body.WriteAsync(request.Path == "/crl/sub-cas" ? list : _tenant.Server.Authority.RootList(1)).AsTask()
            : context.JsonAsync(_tenant.Issue(request), ContractsJson.Default.EnrollResponse);
    }

    public async Task DisposeAsync()
    {
        await _thief.DisposeAsync();
        await _tenant.DisposeAsync();
    }

    /// <summary>What makes the attack one.</summary>
    [Fact]
    public async Task Renew_RootsListNeverSeen_TheThiefIsBelieved()
    {
        await _tenant.EnrollAsync();

        using var folder = Hijacked();
        using var renewed = await _tenant.Agent(folder).RenewAsync(newKey: true);

        _thief.Seen.ShouldContain(request => request.Method == "POST");
    }

    [Fact]
    public async Task Renew_RootsListSeenAtEnrolment_TheThiefIsNotBelieved()
    {
        _tenant.RootList = Revoking(number: 2);
        await _tenant.EnrollAsync();

        await UntrustedAsync();
    }

    [Fact]
    public async Task Renew_RootsListSeenSince_TheThiefIsNotBelieved()
    {
        await _tenant.EnrollAsync();
        _tenant.RootList = Revoking(number: 2);
        await RenewAsync();

        await UntrustedAsync();
    }

    [Fact]
    public async Task Look_LearnsTheRootsList()
    {
        await _tenant.EnrollAsync();
        _tenant.RootList = Revoking(number: 2);
        using (var folder = _tenant.Open())
        {
            (await _tenant.Agent(folder).LookAtIssuerAsync(CancellationToken.None)).ShouldBe(IssuerState.Good);
        }

        await UntrustedAsync();
    }

    /// <summary>As on a disk that is full: the agent goes on, and looks again.</summary>
    [Fact]
    public async Task Look_ListThatCannotBeKept_IsNoEnd()
    {
        await _tenant.EnrollAsync();
        _tenant.RootList = Revoking(number: 2);
        using var folder = _tenant.Open();
        Directory.CreateDirectory(Path.Combine(folder.Path, Pki.RevokedIntermediatesFile.Name));

        (await _tenant.Agent(folder).LookAtIssuerAsync(CancellationToken.None)).ShouldBe(IssuerState.Unknown);
    }

    [Fact]
    public async Task Enroll_RootsListSeenBefore_TheThiefDoesNotSeeTheToken()
    {
        _tenant.RootList = Revoking(number: 2);
        await _tenant.EnrollAsync();
        using var folder = _tenant.Open();
        File.Delete(folder.IdentityPath);

        var e = await Should.ThrowAsync<UnreachableException>(() => _tenant.Agent(folder).EnrollAsync(new Enrollment
        {
            Settings = _tenant.Settings with { TenantUrl = _thief.Url },
            Root = _tenant.Server.Trust,
            Token = "one-time-token",
        }));

        e.Reason.ShouldBe(UnreachableReason.Untrusted);
        _thief.Seen.ShouldBeEmpty();
    }

    /// <summary>The tenant's server is good, and the certificate that it hands on is the thief's.</summary>
    [Fact]
    public async Task Renew_CertificateUnderTheRevokedIntermediate_IsRefused()
    {
        _tenant.RootList = Revoking(number: 2);
        await _tenant.EnrollAsync();
        var former = _thief.Authority;
        _tenant.Fault = async (context, request) =>
        {
            using var certificate = former.Device(EnrollTests.CsrOf(request), _tenant.Time.GetUtcNow().AddMinutes(-1), _tenant.Time.GetUtcNow().AddHours(1));
            await context.JsonAsync(_tenant.Issue(request) with { Certificate = certificate.ExportCertificatePem() + "\n", CaChain = former.ChainPem }, ContractsJson.Default.EnrollResponse);
            return true;
        };

        using var folder = _tenant.Open();
        (await Should.ThrowAsync<AgentException>(() => _tenant.Agent(folder).RenewAsync(newKey: true))).Message.ShouldContain("revoked the Intermediate CA");
    }

    /// <summary>RFC 5280 5.2.3: a list never goes back. And while none is to be had, as the tenant is of an earlier version or the list is not the root's, the last one holds.</summary>
    [Theory]
    [InlineData("older")]
    [InlineData("same number, empty")]
    [InlineData("of another key")]
    [InlineData("garbage")]
    [InlineData("none")]
    public async Task Renew_OtherListThereafter_RenewsAndKeepsTheOneSeen(string list)
    {
        _tenant.RootList = Revoking(number: 2);
        await _tenant.EnrollAsync();
        using var other = new TestAuthority();
        var authority = _tenant.Server.Authority;
        var served = list switch
        {
            "older" => authority.RootList(1),
            "same number, empty" => authority.RootList(2),
            "of another key" => other.RootList(3),
            "garbage" => "no list"u8.ToArray(),
            _ => null,
        };
        _tenant.RootList = () => served;

        await RenewAsync();

        await UntrustedAsync();
    }

    /// <summary>The root's key is offline: a list that is late is no reason to lock a device out.</summary>
    [Fact]
    public async Task Renew_RootsListHasEnded_Renews()
    {
        var now = _tenant.Time.GetUtcNow();
        var list = TestRevocationList.CreateComplete(_tenant.Server.Authority.Root, 2, now.AddMinutes(-1), now.AddDays(1), _thief.Authority.Intermediate);
        _tenant.Lifetime = TimeSpan.FromDays(40);
        _tenant.RootList = () => list;
        await _tenant.EnrollAsync();
        _tenant.Time.Advance(TimeSpan.FromDays(30));

        await RenewAsync();

        await UntrustedAsync();
    }

    private Func<byte[]> Revoking(long number)
    {
        var list = _tenant.Server.Authority.RootList(number, _thief.Authority.Intermediate);
        return () => list;
    }

    private async Task RenewAsync()
    {
        using var folder = _tenant.Open();
        using var renewed = await _tenant.Agent(folder).RenewAsync(newKey: true);
    }

    /// <summary>The tenant's name leads to the thief.</summary>
    private DeviceFolder Hijacked()
    {
        var folder = _tenant.Open();
        folder.SaveSettings(_tenant.Settings with { TenantUrl = _thief.Url }, _tenant.Server.Trust);
        return folder;
    }

    private async Task UntrustedAsync()
    {
        using var folder = Hijacked();
        var e = await Should.ThrowAsync<UnreachableException>(() => _tenant.Agent(folder).RenewAsync(newKey: true));
        e.Reason.ShouldBe(UnreachableReason.Untrusted);
        e.Message.ShouldContain("revoked the Intermediate CA");
        _thief.Seen.ShouldBeEmpty();
        var target = _tenant.Agent(folder).Target(); // over MQTT
        Should.Throw<Pki.UntrustedServerException>(() => target.Server.Verify(_thief.Authority.Server(), _thief.Authority.Issuers, "localhost")).Message.ShouldContain("revoked the Intermediate CA");
    }
}
