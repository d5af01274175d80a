using System.Text.Json;
using IoTPlatform.Contracts.Devices;

namespace IoTPlatform.Agent.Tests;

public sealed class WireGuardTests
{
    private const string Template = "[Interface]\nPrivateKey = <PRIVATE_KEY>\nAddress = 10.64.0.7/32\n\n[Peer]\nPublicKey = abc=\n";

    /// <summary>RFC 7748 section 6.1.</summary>
    [Fact]
    public void PublicKey_Rfc7748Section6_1()
    {
        var bob = Curve25519KeyPair.FromPrivateKey(Convert.ToBase64String(Convert.FromHexString("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")));

        Convert.ToHexStringLower(Convert.FromBase64String(bob.PublicKey)).ShouldBe("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    }

    [Fact]
    public void Generate_Keys_AreClampedAndDiffer()
    {
        var pairs = Enumerable.Range(0, 20).Select(_ => Curve25519KeyPair.Generate()).ToArray();

        pairs.Select(pair => pair.PublicKey).Distinct().Count().ShouldBe(20);
        pairs.Select(pair => Convert.FromBase64String(pair.PrivateKey)).ShouldAllBe(key => (key[0] & 7) == 0 && (key[31] & 0xC0) == 0x40);
    }

    [Fact]
    public void FromPrivateKey_NotThirtyTwoBytes_IsRefused() => Should.Throw<FormatException>(() => Curve25519KeyPair.FromPrivateKey("AAAA"));

    [Fact]
    public void Fill_OnlyThePrivateKeyLine_Changes() =>
        WireGuardFiles.Fill(Template, "SECRET=").ShouldBe(Template.Replace("<PRIVATE_KEY>", "SECRET="));

    [Fact]
    public async Task Enroll_WithWireGuard_WritesACompleteFileForTheOwnerOnly()
    {
        await using var tenant = await FakeTenant.StartAsync();
        tenant.Change = answer => answer with { Wireguard = Configuration };
        using var folder = tenant.Open();

        using var identity = await tenant.Agent(folder).EnrollAsync(new Enrollment { Settings = tenant.Settings, Root = tenant.Server.Trust, Token = "t", WithWireGuard = true });

        var key = (await File.ReadAllTextAsync(folder.WireGuardKeyPath)).Trim();
        (await File.ReadAllTextAsync(folder.WireGuardPath)).ShouldBe(Template.Replace("<PRIVATE_KEY>", key));
        File.GetUnixFileMode(folder.WireGuardPath).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        SentKey(tenant).ShouldBe(Curve25519KeyPair.FromPrivateKey(key).PublicKey);
        tenant.Calls.Single().Body.ShouldNotContain(key);
    }

    [Fact]
    public async Task Enroll_OwnPublicKey_IsSentAndThePlaceholderStays()
    {
        await using var tenant = await FakeTenant.StartAsync();
        tenant.Change = answer => answer with { Wireguard = Configuration };
        using var folder = tenant.Open();
        var own = Curve25519KeyPair.Generate().PublicKey;

        using var identity = await tenant.Agent(folder).EnrollAsync(new Enrollment { Settings = tenant.Settings, Root = tenant.Server.Trust, Token = "t", WireGuardPublicKey = own });

        SentKey(tenant).ShouldBe(own);
        (await File.ReadAllTextAsync(folder.WireGuardPath)).ShouldBe(Template);
        File.Exists(folder.WireGuardKeyPath).ShouldBeFalse();
    }

    private static string? SentKey(FakeTenant tenant) => JsonDocument.Parse(tenant.Calls.Single().Body).RootElement.GetProperty("wg_public_key").GetString();

    private static WireGuardConfiguration Configuration => new() { Address = "10.64.0.7/32", AllowedIps = "10.64.0.0/16", Endpoint = "wg.example:51820", ServerPublicKey = "abc=", Configuration = Template };
}
