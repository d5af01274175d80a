using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.EndToEnd.Tests.Crash;

/// <summary>Two provider processes on one database, one of them killed: lists have one row of numbers, and a revocation is in all of them within a second.</summary>
public sealed partial class RevocationKilledTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);

    [SkippableFact]
    public async Task Hold_AndReleaseAtEither_BothServeTheSameWithinASecondAndNumbersGrow()
    {
        await using var one = await ProviderStack.StartAsync();
        await using var other = await one.StartBesideAsync("other");
        using var atOne = await one.AdminAsync();
        using var atOther = await other.AdminAsync();
        using var lists = new Lists(one, other);
        var serial = await ServiceAsync(atOne);
        long number = 0;
        for (var round = 0; round < 6; round++)
        {
            var admin = round % 2 == 0 ? atOne : atOther;
            await (round % 2 == 0 ? admin.HoldCertificateAsync(serial.Decimal, new HoldRequest()) : admin.ReleaseCertificateAsync(serial.Decimal, new HoldRequest()));

            var (first, second) = (await lists.UntilAsync(0, serial.Hex, has: round % 2 == 0), await lists.UntilAsync(1, serial.Hex, has: round % 2 == 0));

            first.ShouldBe(second, "both serve the same list");
            first.ShouldBeGreaterThan(number);
            number = first;
        }
    }

    /// <summary>The revocation is committed, and no list has been made of it when the process is gone.</summary>
    [SkippableFact]
    public async Task Revoke_ProcessKilledBeforeAList_TheOtherAndTheNextStartHaveIt()
    {
        await using var one = await ProviderStack.StartAsync();
        await using var other = await one.StartBesideAsync("other");
        using var lists = new Lists(one, other);
        (string Decimal, string Hex) serial;
        long before;
        using (var admin = await one.AdminAsync())
        {
            serial = await ServiceAsync(admin);
            before = (await lists.ReadAsync(1)).Number;
            await admin.RevokeCertificateAsync(serial.Decimal, new RevokeRequest { ReasonCode = 1 });
            await one.KillAsync();
        }

        var number = await lists.UntilAsync(1, serial.Hex, has: true);
        number.ShouldBeGreaterThan(before);
        await one.StartProcessAsync();
        (await lists.UntilAsync(0, serial.Hex, has: true)).ShouldBeGreaterThanOrEqualTo(number);
    }

    /// <summary>SIGKILL in the middle of the transaction: nothing is revoked, nothing is left locked, and the repetition does it.</summary>
    [SkippableFact]
    public async Task Revoke_ProcessKilledInTheTransaction_ChangesNothingAndCanBeRepeated()
    {
        await using var provider = await ProviderStack.StartAsync();
        using var lists = new Lists(provider);
        (string Decimal, string Hex) serial;
        using (var admin = await provider.AdminAsync())
        {
            serial = await ServiceAsync(admin);
            await using var hold = await Hold.OnWriteAsync(provider.Database, "ca.revocations", "true");
            var revoking = admin.RunEmergencyAsync("key", serial.Decimal, new EmergencyRequest());
            await hold.ReachedAsync(provider.Process);
            await provider.KillAsync();
            await Should.ThrowAsync<UnreachableException>(() => revoking);
        }

        await provider.StartProcessAsync();
        using var again = await provider.AdminAsync();
        (await again.GetCertificateAsync(serial.Decimal)).Summary.RevokedAt.ShouldBeNull();
        (await provider.Database.ScalarAsync<long>("SELECT count(*) FROM ca.revoked_keys")).ShouldBe(0, "all of the act or nothing");

        (await again.RunEmergencyAsync("key", serial.Decimal, new EmergencyRequest())).Certificates.ShouldBe(0);

        await lists.UntilAsync(0, serial.Hex, has: true);
        (await again.VerifyAuditAsync()).Intact.ShouldBeTrue();
    }

    /// <summary>The database is away: the last lists go on, and health says so.</summary>
    [SkippableFact]
    public async Task Lists_DatabaseAway_GoOnAndHealthSaysSo()
    {
        await using var provider = await ProviderStack.StartAsync();
        using var lists = new Lists(provider);
        var before = await lists.ReadAsync(0);
        await provider.Database.AllowConnectionsAsync(false);
        try
        {
            await provider.Database.EndConnectionsAsync();
            await Task.Delay(Soon); // What was asked for is given again for half a second without a look at the database.
            (await lists.ReadAsync(0)).Number.ShouldBe(before.Number);
            (await lists.StatusAsync(0, "health/ready")).ShouldBe(HttpStatusCode.ServiceUnavailable);
            (await lists.StatusAsync(0, "health/live")).ShouldBe(HttpStatusCode.OK);
        }
        finally
        {
            await provider.Database.AllowConnectionsAsync(true);
        }
    }

    private static async Task<(string Decimal, string Hex)> ServiceAsync(ProviderClient admin)
    {
        var certificate = (await admin.ListCertificatesAsync(new CertificateFilter { Profile = "service", Revoked = false })).Items[0];
        return (certificate.Serial, certificate.SerialHex!);
    }

    /// <summary>What each process serves, as OpenSSL reads it.</summary>
    private sealed partial class Lists(params ProviderStack[] providers) : IDisposable
    {
        private readonly TempFolder _temp = new();

        public async Task<(long Number, string Text)> ReadAsync(int process)
        {
            using var http = AnyServerHttp.Create(providers[process].Url, [providers[process].Trust.Root], client: null, TimeSpan.FromSeconds(10));
            var file = _temp.Combine("list.crl");
            await File.WriteAllBytesAsync(file, await http.GetByteArrayAsync("crl"));
            var text = (await Tools.RunAsync(Requires.Tool("openssl"), ["crl", "-inform", "DER", "-in", file, "-noout", "-text"])).EnsureSuccess().Output;
            var number = Number().Match(text).Groups[1].Value;
            return (long.Parse(number, NumberStyles.None, CultureInfo.InvariantCulture), text);
        }

        /// <summary>The list's number, when it has the certificate or not, which has to be so within a second.</summary>
        public async Task<long> UntilAsync(int process, string serial, bool has)
        {
            var began = TimeProvider.System.GetTimestamp();
            while (true)
            {
                var asked = TimeProvider.System.GetElapsedTime(began);
                var (number, text) = await ReadAsync(process);
                if (text.Contains(serial.TrimStart('0'), StringComparison.Ordinal) == has)
                {
                    return number;
                }

                asked.ShouldBeLessThan(Soon);
            }
        }

        public async Task<HttpStatusCode> StatusAsync(int process, string path)
        {
            using var http = AnyServerHttp.Create(providers[process].Url, [providers[process].Trust.Root], client: null, TimeSpan.FromSeconds(10));
            using var answer = await http.GetAsync(path);
            return answer.StatusCode;
        }

        public void Dispose() => _temp.Dispose();

        [GeneratedRegex(@"X509v3 CRL Number:\s+([0-9]+)", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
        private static partial Regex Number();
    }
}
