using System.Net;
using IoTPlatform.CertificateAuthority.Acme;
using IoTPlatform.CertificateAuthority.Acme.Challenges;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.CertificateAuthority.Tests.Acme;

/// <summary>Challenges that prove nothing, and those who would use the authority to reach what they can't.</summary>
public sealed class AcmeChallengeTests(AcmeHost fixture) : IClassFixture<AcmeHost>
{
    [SkippableTheory]
    [InlineData("absent", "unauthorized")]
    [InlineData("wrong", "unauthorized")]
    [InlineData("longer", "unauthorized")]
    [InlineData("endless", "unauthorized")]
    [InlineData("loop", "connection")]
    [InlineData("port", "connection")]
    [InlineData("file", "connection")]
    public async Task Http_ThatProvesNothing_MakesTheOrderInvalid(string kind, string error)
    {
        using var client = await fixture.NewClientAsync();
        var order = await client.OrderAsync($"{kind}.test");
        var challenge = (await client.GetAsync(order.Authorizations.Single())).Challenge("http-01");
        var token = challenge.GetProperty("token").GetString()!;
        if (Page(kind, client.KeyAuthorization(token), token) is { } page)
        {
            fixture.Servers.Pages[token] = page;
        }

        await client.PostAsync(challenge.GetProperty("url").GetString()!, new { });

        var decided = await fixture.DecidedAsync(client, order.Authorizations.Single());
        decided["status"].ShouldBe("invalid");
        decided.Challenge("http-01").GetProperty("error").GetProperty("type").GetString().ShouldBe("urn:ietf:params:acme:error:" + error);
        var ended = await client.GetAsync(order.Location!);
        ended["status"].ShouldBe("invalid");
        ended.Json.GetProperty("error").GetProperty("detail").GetString().ShouldNotBeNullOrEmpty();
    }

    [SkippableFact]
    public async Task Http_Redirected_IsFollowed()
    {
        using var client = await fixture.NewClientAsync();
        var order = await client.OrderAsync("moved.test");
        var challenge = (await client.GetAsync(order.Authorizations.Single())).Challenge("http-01");
        var token = challenge.GetProperty("token").GetString()!;
        fixture.Servers.Page("moved-" + token, client.KeyAuthorization(token));
        fixture.Servers.Pages[token] = context => Redirect(context, $"http://new.test:{fixture.Servers.HttpPort}/.well-known/acme-challenge/moved-{token}");

        await client.PostAsync(challenge.GetProperty("url").GetString()!, new { });

        (await fixture.DecidedAsync(client, order.Authorizations.Single()))["status"].ShouldBe("valid");
    }

    [SkippableFact]
    public async Task Http_LateToBeReady_IsLookedAtAgain()
    {
        using var client = await fixture.NewClientAsync();
        var order = await client.OrderAsync("late.test");
        var challenge = (await client.GetAsync(order.Authorizations.Single())).Challenge("http-01");
        var token = challenge.GetProperty("token").GetString()!;
        var looks = 0;
        fixture.Servers.Pages[token] = context => Interlocked.Increment(ref looks) < 3 ? NotYet(context) : context.Response.WriteAsync(client.KeyAuthorization(token));

        await client.PostAsync(challenge.GetProperty("url").GetString()!, new { });

        (await fixture.DecidedAsync(client, order.Authorizations.Single()))["status"].ShouldBe("valid");
        looks.ShouldBe(3);
    }

    [SkippableTheory]
    [InlineData("not critical")]
    [InlineData("other key")]
    [InlineData("two names")]
    [InlineData("other name")]
    public async Task TlsAlpn_CertificateThatProvesNothing_IsRefused(string kind)
    {
        using var client = await fixture.NewClientAsync();
        var name = kind.Replace(' ', '-') + ".test";
        var order = await client.OrderAsync(name);
        var challenge = (await client.GetAsync(order.Authorizations.Single())).Challenge("tls-alpn-01");
        var proof = client.KeyAuthorization(challenge.GetProperty("token").GetString()!);
        fixture.Servers.Certificates[name] = kind switch
        {
            "not critical" => ChallengeServers.AlpnCertificate(proof, isCritical: false, name),
            "other key" => ChallengeServers.AlpnCertificate(proof + "x", isCritical: true, name),
            "two names" => ChallengeServers.AlpnCertificate(proof, isCritical: true, name, "more.test"),
            _ => ChallengeServers.AlpnCertificate(proof, isCritical: true, "more.test"),
        };

        await client.PostAsync(challenge.GetProperty("url").GetString()!, new { });

        var decided = await fixture.DecidedAsync(client, order.Authorizations.Single());
        decided["status"].ShouldBe("invalid");
        decided.Challenge("tls-alpn-01").GetProperty("error").GetProperty("type").GetString().ShouldEndWith("unauthorized");
    }

    /// <summary>The name is allowed at one moment and the machine's own at the next: what was judged is what is connected to.</summary>
    [SkippableFact]
    public async Task Name_ThatMovesToAForbiddenAddress_IsNotReached()
    {
        fixture.Servers.Addresses["rebinding.test"] = [IPAddress.Parse("169.254.169.254"), IPAddress.Loopback];
        using var client = await fixture.NewClientAsync();
        var order = await client.OrderAsync("rebinding.test");
        var challenge = (await client.GetAsync(order.Authorizations.Single())).Challenge("http-01");
        var token = challenge.GetProperty("token").GetString()!;
        var asked = 0;
        fixture.Servers.Pages[token] = context =>
        {
            Interlocked.Increment(ref asked);
            return NotYet(context);
        };

        await client.PostAsync(challenge.GetProperty("url").GetString()!, new { });

        (await fixture.DecidedAsync(client, order.Authorizations.Single()))["status"].ShouldBe("invalid");
        asked.ShouldBe(3, "the first look met the forbidden address");
    }

    [Theory]
    [InlineData("127.0.0.1", false)]
    [InlineData("127.8.8.8", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::1", false)]
    [InlineData("::", false)]
    [InlineData("fe80::1", false)]
    [InlineData("ff02::1", false)]
    [InlineData("fd00:ec2::254", false)]
    [InlineData("::ffff:127.0.0.1", false)]
    [InlineData("64:ff9b::7f00:1", false)]
    [InlineData("2002:7f00:1::", false)]
    [InlineData("10.1.2.3", true)]
    [InlineData("192.168.1.1", true)]
    [InlineData("2001:db8::1", true)]
    public void Address_OfThisMachineOrItsCloud_IsNotReached(string address, bool allowed) =>
        new ChallengeTargets(new AcmeOptions { Name = "acme" }).IsAllowed(IPAddress.Parse(address)).ShouldBe(allowed);

    [Theory]
    [InlineData("127.0.0.1", "1.0.0.127.in-addr.arpa")]
    [InlineData("2001:db8::1", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa")]
    public void ServerName_OfAnAddress_IsItsReverseName(string address, string expected) =>
        TlsAlpnChallenge.ServerName(new AcmeIdentifier(AcmeIdentifier.Ip, address)).ShouldBe(expected);

    private Func<HttpContext, Task>? Page(string kind, string proof, string token) => kind switch
    {
        "wrong" => context => context.Response.WriteAsync(proof.Replace('.', '-')),
        "longer" => context => context.Response.WriteAsync(proof + "x"),
        "endless" => EndlessAsync,
        "loop" => context => Redirect(context, $"http://loop.test:{fixture.Servers.HttpPort}/.well-known/acme-challenge/{token}"),
        "port" => context => Redirect(context, "http://port.test:5432/"),
        "file" => context => Redirect(context, "file:///etc/passwd"),
        _ => null,
    };

    private static async Task EndlessAsync(HttpContext context)
    {
        var chunk = new byte[64 * 1024];
        while (!context.RequestAborted.IsCancellationRequested)
        {
            await context.Response.Body.WriteAsync(chunk, context.RequestAborted);
        }
    }

    private static Task Redirect(HttpContext context, string to)
    {
        context.Response.Redirect(to);
        return Task.CompletedTask;
    }

    private static Task NotYet(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }
}
