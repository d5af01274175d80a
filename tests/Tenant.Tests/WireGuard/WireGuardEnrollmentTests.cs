using IoTPlatform.Client;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Features.WireGuard;
using IoTPlatform.Tenant.Tests.Support;
using IoTPlatform.Testing;

namespace IoTPlatform.Tenant.Tests.WireGuard;

public sealed class WireGuardEnrollmentTests(SharedTenant shared) : IClassFixture<SharedTenant>
{
    private TestTenant Tenant => shared.Tenant;

    [SkippableFact]
    public async Task Enroll_WithKey_GetsAnAddressAndAWholeConfiguration()
    {
        using var device = new TestDevice("tunnel-1") { WireGuardKey = NewKey() };

        var wireGuard = (await device.EnrollAsync(Tenant, await shared.TokenAsync())).Wireguard!;

        wireGuard.Address.ShouldStartWith("10.64.");
        wireGuard.Address.ShouldEndWith("/32");
        wireGuard.AllowedIps.ShouldBe("10.64.0.0/16");
        wireGuard.Endpoint.ShouldBe("vpn.acme.example:51820");
        wireGuard.ServerPublicKey.ShouldBe(Tenant.Service<WireGuardServerKey>().PublicKey);
        wireGuard.Configuration.ShouldContain($"Address = {wireGuard.Address}\n");
        wireGuard.Configuration.ShouldContain($"PublicKey = {wireGuard.ServerPublicKey}\n");
        wireGuard.Configuration.ShouldContain(WireGuardClient.PrivateKeyPlaceholder);
    }

    [SkippableFact]
    public async Task Enroll_WithoutKey_HasNoTunnel()
    {
        using var device = new TestDevice("tunnel-2");

        (await device.EnrollAsync(Tenant, await shared.TokenAsync())).Wireguard.ShouldBeNull();
    }

    [SkippableFact]
    public async Task Renew_Peer_KeepsItsAddress()
    {
        using var device = new TestDevice("tunnel-3") { WireGuardKey = NewKey() };
        var enrolled = await device.EnrollAsync(Tenant, await shared.TokenAsync());
        using var identity = device.Identity(enrolled);

        (await device.RenewAsync(Tenant, identity)).Wireguard!.Address.ShouldBe(enrolled.Wireguard!.Address);
    }

    [SkippableFact]
    public async Task Enroll_KeyOfAnotherPeer_IsAConflict()
    {
        var token = await shared.TokenAsync(uses: 2);
        using var one = new TestDevice("tunnel-4") { WireGuardKey = NewKey() };
        using var two = new TestDevice("tunnel-5") { WireGuardKey = one.WireGuardKey };
        await one.EnrollAsync(Tenant, token);

        await Refused.WithAsync(409, "wireguard_key_in_use", () => two.EnrollAsync(Tenant, token));
    }

    [SkippableFact]
    public async Task Enroll_KeyThatWouldWriteIntoTheServersFile_IsRefused()
    {
        using var device = new TestDevice("tunnel-6");
        using var client = Tenant.Client();
        var token = await shared.TokenAsync();

        await Refused.WithAsync(400, "invalid_wireguard_key", () =>
            client.EnrollAsync("tunnel-6", token, device.Request with { WgPublicKey = $"{NewKey()}\nAllowedIPs = 0.0.0.0/0" }));
    }

    [SkippableFact]
    public async Task Enroll_64DevicesAtOnceWithAFleetToken_NoTwoShareAnAddress()
    {
        var token = await shared.TokenAsync(uses: 64);
        var devices = Enumerable.Range(0, 64).Select(i => new TestDevice($"swarm-{i}") { WireGuardKey = NewKey() }).ToList();

        var answers = await Task.WhenAll(devices.Select(d => EnrollPatientlyAsync(d, token)));

        answers.Select(a => a.Wireguard!.Address).Distinct().Count().ShouldBe(64);
        devices.ForEach(d => d.Dispose());
    }

    /// <summary>All wait for one token: who waits too long is told to come again, and does, as devices do.</summary>
    private async Task<EnrollResponse> EnrollPatientlyAsync(TestDevice device, string token)
    {
        while (true)
        {
            try
            {
                return await device.EnrollAsync(Tenant, token);
            }
            catch (ApiException e) when (e.Status == 503)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100));
            }
        }
    }

    [SkippableFact]
    public async Task PeersFile_Always_IsAConfigurationWgUnderstandsAndForTheOwnerOnly()
    {
        using var device = new TestDevice("tunnel-7") { WireGuardKey = NewKey() };
        await device.EnrollAsync(Tenant, await shared.TokenAsync());
        var file = Tenant.Service<WireGuardPeersFile>();
        await file.SyncAsync(CancellationToken.None);

        File.GetUnixFileMode(file.FilePath).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var text = await File.ReadAllTextAsync(file.FilePath);
        text.ShouldStartWith("[Interface]\nAddress = 10.64.0.1/16\nListenPort = 51820\nPrivateKey = ");
        text.ShouldContain("# tunnel-7\n[Peer]\nPublicKey = ");
        Convert.ToBase64String(Tenant.Service<WireGuardServerKey>().Read()).ShouldBe(text.Split("PrivateKey = ")[1].Split('\n')[0]);
    }

    [SkippableFact]
    public async Task PeersFile_WgQuickStrip_AcceptsIt()
    {
        var quick = Requires.Tool("wg-quick");
        using var device = new TestDevice("tunnel-8") { WireGuardKey = NewKey() };
        await device.EnrollAsync(Tenant, await shared.TokenAsync());
        var file = Tenant.Service<WireGuardPeersFile>();
        await file.SyncAsync(CancellationToken.None);

        var stripped = (await Tools.RunAsync(quick, ["strip", file.FilePath])).EnsureSuccess();

        stripped.Output.ShouldContain(device.WireGuardKey);
        stripped.Output.ShouldNotContain("Address");
    }

    private static string NewKey() => Convert.ToBase64String(X25519.PublicKey(X25519.GeneratePrivateKey()));
}
