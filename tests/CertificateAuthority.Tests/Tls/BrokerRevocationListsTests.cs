using System.Threading.Channels;
using IoTPlatform.Database;
using IoTPlatform.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace IoTPlatform.CertificateAuthority.Tests;

/// <summary>What a RabbitMQ knows of revocations, and when.</summary>
public sealed class BrokerRevocationListsTests(StepCaHost fixture) : IClassFixture<StepCaHost>
{
    private readonly CaHost _ca = fixture.Ca;

    [SkippableFact]
    public async Task Announcement_OfARevocation_HasItsSerialNumber()
    {
        using var certificate = await _ca.EnrollAsync("announced.test");
        await using var announcements = await DatabaseAnnouncements.ListenAsync(_ca.Database.DataSource, RevocationNotices.Channel, CancellationToken.None);

        await RevokeAsync(certificate);

        (await announcements.NextAsync(TimeSpan.FromSeconds(30), CancellationToken.None)).ShouldBe([certificate.SerialNumber.ToLowerInvariant()]);
        (await announcements.NextAsync(TimeSpan.FromMilliseconds(1), CancellationToken.None)).ShouldBeEmpty();
    }

    /// <summary>No timer of theirs runs.</summary>
    [SkippableFact]
    public async Task Lists_AfterARevocation_HaveItBeforeConnectionsAreEnded()
    {
        using var certificate = await _ca.EnrollAsync("listed.test");
        using var folder = new TempFolder();
        var watcher = new Watcher();
        using var lists = new BrokerRevocationLists(
            _ca.Authority, _ca.Database.DataSource, new BrokerCertificateFiles(folder.Path), [watcher], new FakeTime(TimeProvider.System.GetUtcNow()), NullLogger<BrokerRevocationLists>.Instance);
        await lists.StartAsync(CancellationToken.None);
        var before = Read(folder);

        await RevokeAsync(certificate);

        await watcher.ToldAsync("listed.test");
        Read(folder).ShouldNotBe(before);
        await lists.StopAsync(CancellationToken.None);
    }

    /// <summary>A release is no news for watchers, and a second hold is.</summary>
    [SkippableFact]
    public async Task Lists_HoldReleaseHold_HaveItEachTimeItIsOn()
    {
        using var certificate = await _ca.EnrollAsync("held.test");
        using var folder = new TempFolder();
        var watcher = new Watcher();
        using var lists = new BrokerRevocationLists(
            _ca.Authority, _ca.Database.DataSource, new BrokerCertificateFiles(folder.Path), [watcher], new FakeTime(TimeProvider.System.GetUtcNow()), NullLogger<BrokerRevocationLists>.Instance);
        await lists.StartAsync(CancellationToken.None);
        var serial = certificate.SerialNumberBytes.ToArray();

        await HoldAsync();
        await watcher.ToldAsync("held.test");
        var held = Read(folder);
        await _ca.Authority.ReleaseAsync(new Release { Serial = serial, By = "admin" }, CancellationToken.None);
        for (var start = TimeProvider.System.GetTimestamp(); Read(folder).Length >= held.Length; await Task.Delay(10))
        {
            TimeProvider.System.GetElapsedTime(start).ShouldBeLessThan(TimeSpan.FromSeconds(30));
        }

        await HoldAsync();
        await watcher.ToldAsync("held.test");
        await lists.StopAsync(CancellationToken.None);

        Task HoldAsync() => _ca.Authority.RevokeAsync(new Revocation { Serial = serial, ReasonCode = Pki.RevocationReason.CertificateHold, By = "admin" }, CancellationToken.None);
    }

    private static string Read(TempFolder folder) => string.Join('\n', Directory.EnumerateFiles(folder.Path, "*.r0").Order().Select(File.ReadAllText));

    private async Task RevokeAsync(System.Security.Cryptography.X509Certificates.X509Certificate2 certificate)
    {
        using var client = _ca.Client();
        (await client.RevokeAsync(certificate.Serial(), _ca.RevokeToken(certificate.Serial()), reasonCode: 1, reason: "stolen")).Status.ShouldBe(System.Net.HttpStatusCode.OK);
    }

    private sealed class Watcher : IRevocationWatcher
    {
        private readonly Channel<string> _told = Channel.CreateUnbounded<string>();

        public Task RevokedAsync(IReadOnlyList<RevokedCertificate> certificates, CancellationToken cancellationToken)
        {
            foreach (var certificate in certificates)
            {
                _told.Writer.TryWrite(certificate.Subject);
            }

            return Task.CompletedTask;
        }

        public async Task ToldAsync(string subject)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            while (await _told.Reader.ReadAsync(patience.Token) != subject)
            {
            }
        }
    }
}
