using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using IoTPlatform.CertificateAuthority.Acme;
using IoTPlatform.CertificateAuthority.Acme.Challenges;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.CertificateAuthority.Tests.Acme;

/// <summary>Challenges that prove nothing, and those who would use the authority to reach what they can't.</summary>
public sealed class AcmeChallengeTests(AcmeHost fixture) : IClassFixture<AcmeHost>
{
    [SkippableTheory]
    [InlineData("absent", "incorrectResponse")]
    [InlineData("wrong", "incorrectResponse")]
    [InlineData("longer", "incorrectResponse")]
    [InlineData("endless", "incorrectResponse")]
    [InlineData("file", "connection")]
    [InlineData("unreadable", "connection")]
    public async Task Http_ThatProvesNothing_MakesTheOrderInvalid(string kind, string error)
    {
        using var client = await fixture.NewClientAsync();
        var order = await client.OrderAsync($"{kind}.test");
        var challenge = (await client.GetAsync(order.Authorizations.Single())).Challenge("http-01");
        var token = challenge.GetProperty("token").GetString()!;
        if (Page(kind, client.KeyAuthorization(token)) is { } page)
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

    /// <summary>RFC 8555 6.7: a name without an address, and one where nothing speaks TLS.</summary>
    [SkippableTheory]
    [InlineData("nowhere.invalid", "http-01", "dns")]
    [InlineData("nowhere.invalid", "dns-01", "dns")]
    [InlineData("no-tls.test", "tls-alpn-01", "tls")]
    public async Task Name_ThatIsNowhere_IsInvalid(string name, string type, string error)
    {
        using var client = await fixture.NewClientAsync();
        var order = await client.OrderAsync(name);

        await client.PostAsync((await client.GetAsync(order.Authorizations.Single())).Challenge(type).GetProperty("url").GetString()!, new { });

        var decided = await fixture.DecidedAsync(client, order.Authorizations.Single());
        decided["status"].ShouldBe("invalid");
        decided.Challenge(type).GetProperty("error").GetProperty("type").GetString().ShouldBe("urn:ietf:params:acme:error:" + error);
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
    public async Task Http_RedirectedForEver_IsGivenUpAfterFiveRedirects()
    {
        using var client = await fixture.NewClientAsync();
        var order = await client.OrderAsync("loop.test");
        var challenge = (await client.GetAsync(order.Authorizations.Single())).Challenge("http-01");
        var token = challenge.GetProperty("token").GetString()!;
        var asked = 0;
        fixture.Servers.Pages[token] = context =>
        {
            Interlocked.Increment(ref asked);
            return Redirect(context, $"http://loop.test:{fixture.Servers.HttpPort}/.well-known/acme-challenge/{token}");
        };

        await client.PostAsync(challenge.GetProperty("url").GetString()!, new { });

        ShouldBeInvalid(await fixture.DecidedAsync(client, order.Authorizations.Single()), "http-01", "connection");
        asked.ShouldBeInRange(6, 4 * 6, "four looks, of each the first request and five redirects");
    }

    /// <summary>Such as the one at which the authority's own database listens: this machine is allowed here, its other ports are not.</summary>
    [SkippableTheory]
    [InlineData("http://database.test:{port}/")]
    [InlineData("http://127.0.0.1:{port}/")]
    [InlineData("https://database.test:{port}/")]
    public async Task Http_RedirectedToAnotherPort_DoesNotConnect(string target)
    {
        using var database = new TcpListener(IPAddress.Loopback, 0);
        database.Start();
        using var client = await fixture.NewClientAsync();
        var order = await client.OrderAsync("port.test");
        var challenge = (await client.GetAsync(order.Authorizations.Single())).Challenge("http-01");
        var asked = 0;
        fixture.Servers.Pages[challenge.GetProperty("token").GetString()!] = context =>
        {
            Interlocked.Increment(ref asked);
            return Redirect(context, target.Replace("{port}", ((IPEndPoint)database.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));
        };

        await client.PostAsync(challenge.GetProperty("url").GetString()!, new { });

        ShouldBeInvalid(await fixture.DecidedAsync(client, order.Authorizations.Single()), "http-01", "connection");
        asked.ShouldBePositive();
        database.Pending().ShouldBeFalse("nothing connects to it");
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
        decided.Challenge("tls-alpn-01").GetProperty("error").GetProperty("type").GetString().ShouldEndWith("incorrectResponse");
    }

    /// <summary>A certificate may name an address where its issuer is to be had: nobody judged that one.</summary>
    [SkippableFact]
    public async Task TlsAlpn_CertificateWithAnAddressInIt_IsNotAskedFor()
    {
        using var elsewhere = new TcpListener(IPAddress.Loopback, 0);
        elsewhere.Start();
        using var client = await fixture.NewClientAsync();
        var order = await client.OrderAsync("fetching.test");
        var challenge = (await client.GetAsync(order.Authorizations.Single())).Challenge("tls-alpn-01");
        var proof = client.KeyAuthorization(challenge.GetProperty("token").GetString()!);
        fixture.Servers.Certificates["fetching.test"] =
            ChallengeServers.IssuedAlpnCertificate(proof, new Uri($"http://127.0.0.1:{((IPEndPoint)elsewhere.LocalEndpoint).Port}/ca.crt"), "fetching.test");

        await client.PostAsync(challenge.GetProperty("url").GetString()!, new { });

        (await fixture.DecidedAsync(client, order.Authorizations.Single()))["status"].ShouldBe("valid");
        elsewhere.Pending().ShouldBeFalse("nobody came for the issuer");
    }

    /// <summary>Whatever it is that fails, it fails for good after the last look.</summary>
    [SkippableFact]
    public async Task Name_ThatNoDnsQuestionHolds_IsInvalidAndNotLookedAtForEver()
    {
        using var client = await fixture.NewClientAsync();
        var name = string.Join('.', Enumerable.Repeat(new string('a', 61), 3)) + "." + new string('b', 55) + ".test";
        var order = await client.OrderAsync(name);
        order.Status.ShouldBe(HttpStatusCode.Created, order.Body);

        await client.PostAsync((await client.GetAsync(order.Authorizations.Single())).Challenge("dns-01").GetProperty("url").GetString()!, new { });

        (await fixture.DecidedAsync(client, order.Authorizations.Single()))["status"].ShouldBe("invalid");
    }

    [SkippableFact]
    public async Task Challenges_OfOneAccount_AreBounded_AndTakeTurnsWithOthers()
    {
        using var greedy = await fixture.NewClientAsync();
        var account = greedy.Account!.Split('/')[^1];
        // Under way at another process, which never comes back to them in this test.
        await fixture.Ca.Database.ExecuteAsync($"""
            INSERT INTO acme.orders (id, account_id, status, created_at, expires_at) VALUES ('greedy', '{account}', 'pending', now(), now() + interval '1 day');
            INSERT INTO acme.authorizations (id, order_id, position, type, value, wildcard, status) VALUES ('greedy', 'greedy', 0, 'dns', 'greedy.test', false, 'pending');
            INSERT INTO acme.challenges (id, authorization_id, position, type, token, status, due_at)
              SELECT 'greedy-' || i, 'greedy', i, 'dns-01', 'x', 'processing', now() + interval '1 day' FROM generate_series(1, 100) i;
            """);
        var order = await greedy.OrderAsync("one-more.test");
        var challenge = (await greedy.GetAsync(order.Authorizations.Single())).Challenge("http-01").GetProperty("url").GetString()!;

        (await greedy.PostAsync(challenge, new { })).ShouldBe(HttpStatusCode.TooManyRequests, "rateLimited");

        await fixture.Ca.Database.ExecuteAsync("DELETE FROM acme.orders WHERE id = 'greedy'");
        (await greedy.PostAsync(challenge, new { }))["status"].ShouldBe("processing");
    }

    /// <summary>A client waits a moment for what comes of a look, and not for more; those whose looks end take turns with those that hang.</summary>
    [SkippableFact]
    public async Task Http_ThatHangs_KeepsNobodyElseWaiting()
    {
        using var slow = await fixture.NewClientAsync();
        using var quick = await fixture.NewClientAsync();
        using var end = new CancellationTokenSource();
        var order = await slow.OrderAsync([.. Enumerable.Range(0, 20).Select(i => $"hanging-{i}.test")]);
        var hanging = new List<string>();
        foreach (var authorization in order.Authorizations)
        {
            var challenge = (await slow.GetAsync(authorization)).Challenge("http-01");
            hanging.Add(challenge.GetProperty("url").GetString()!);
            fixture.Servers.Pages[challenge.GetProperty("token").GetString()!] = _ => Task.Delay(Timeout.Infinite, end.Token);
        }

        var replies = await Task.WhenAll(hanging.Select(url => slow.PostAsync(url, new { })));

        replies.ShouldAllBe(reply => reply["status"] == "processing" && reply.RetryAfter != null);
        await fixture.ReadyOrderAsync(quick, "not-hanging.test");
        await end.CancelAsync();
    }

    /// <summary>Whoever trickles, or says nothing, keeps a place for as long as a look takes and no longer: more looks end here than there are places.</summary>
    [SkippableFact]
    public async Task Server_ThatTricklesOrIsSilent_IsGivenUpAndItsPlaceIsFree()
    {
        using var slow = await fixture.NewClientAsync();
        using var quick = await fixture.NewClientAsync();
        var looked = new List<(string Authorization, string Type, string Url)>();
        foreach (var kind in Enumerable.Repeat<string[]>(["headers", "body", "silence"], 3).SelectMany(kinds => kinds))
        {
            var name = $"{kind}-{looked.Count}.slow.test";
            var type = kind == "silence" ? "tls-alpn-01" : "http-01";
            var authorization = (await slow.OrderAsync(name)).Authorizations.Single();
            var challenge = (await slow.GetAsync(authorization)).Challenge(type);
            fixture.Servers.Silent[name] = true;
            fixture.Servers.Pages[challenge.GetProperty("token").GetString()!] = kind == "headers" ? TrickleHeadersAsync : TrickleBodyAsync;
            looked.Add((authorization, type, challenge.GetProperty("url").GetString()!));
        }

        var replies = await Task.WhenAll(looked.Select(one => slow.PostAsync(one.Url, new { })));

        replies.ShouldAllBe(reply => reply["status"] == "processing");
        foreach (var (authorization, type, _) in looked)
        {
            var error = ShouldBeInvalid(await fixture.DecidedAsync(slow, authorization, endsByTheClock: true), type, "connection");
            error.GetProperty("detail").GetString().ShouldNotBeNull().ShouldContain("did not answer within 10 seconds");
        }

        await fixture.ReadyOrderAsync(quick, "after-the-slow.test");
    }

    /// <summary>A name that is allowed when it is judged, and the machine's own a moment later: a look asks for it once, and connects to what it judged. The next look judges anew.</summary>
    [SkippableFact]
    public async Task Name_ThatMovesToAForbiddenAddress_IsNotReachedThere()
    {
        const string Name = "rebinding.test";
        var forbidden = IPAddress.Parse("127.0.0.2");
        using var elsewhere = new TcpListener(forbidden, fixture.Servers.HttpPort);
        elsewhere.Start();
        fixture.Servers.Addresses[Name] = [IPAddress.Loopback, forbidden];
        using var client = await fixture.NewClientAsync();
        var order = await client.OrderAsync(Name);
        var challenge = (await client.GetAsync(order.Authorizations.Single())).Challenge("http-01");
        var reached = 0;
        fixture.Servers.Pages[challenge.GetProperty("token").GetString()!] = context =>
        {
            Interlocked.Increment(ref reached);
            return NotYet(context);
        };

        await client.PostAsync(challenge.GetProperty("url").GetString()!, new { });

        // The answer may be there before the look is: it waits a second at most, and not at all where no place is free.
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (Volatile.Read(ref reached) == 0)
        {
            await Task.Delay(20, patience.Token);
        }

        (reached, fixture.Servers.Questions[Name]).ShouldBe((1, 1), "the first look asked for the address once, and came to the one it was told");
        var error = ShouldBeInvalid(await fixture.DecidedAsync(client, order.Authorizations.Single()), "http-01", "connection");
        error.GetProperty("detail").GetString().ShouldBe($"{Name} has an address that this server does not connect to.");
        (reached, fixture.Servers.Questions[Name]).ShouldBe((1, 4));
        elsewhere.Pending().ShouldBeFalse("nothing connects to it");
    }

    /// <summary>Where no DNS server is named, names are what the machine says.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Name_OfThisMachine_IsReachedWhereThatIsAllowed(bool isAllowed)
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        var options = new AcmeOptions
        {
            HttpPort = ((IPEndPoint)server.LocalEndpoint).Port,
            AlsoReached = isAllowed ? [IPNetwork.Parse("127.0.0.1/32"), IPNetwork.Parse("::1/128")] : [],
        };
        var targets = new ChallengeTargets(options, new AcmeDns(options));

        if (isAllowed)
        {
            await using var connection = await targets.ConnectAsync("localhost", options.HttpPort, CancellationToken.None);
        }
        else
        {
            (await Should.ThrowAsync<ChallengeTargetException>(() => targets.ConnectAsync("localhost", options.HttpPort, CancellationToken.None))).Problem.Detail.ShouldContain("does not connect to");
        }

        server.Pending().ShouldBe(isAllowed);
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
    [InlineData("::7f00:1", false)]
    [InlineData("64:ff9b:1::7f00:1", false)]
    [InlineData("168.63.129.16", false)]
    [InlineData("100.100.100.200", false)]
    [InlineData("10.1.2.3", true)]
    [InlineData("192.168.1.1", true)]
    [InlineData("2001:db8::1", true)]
    public void Address_OfThisMachineOrItsCloud_IsNotReached(string address, bool allowed) =>
        new ChallengeTargets(new AcmeOptions(), new AcmeDns(new AcmeOptions())).IsAllowed(IPAddress.Parse(address)).ShouldBe(allowed);

    [Theory]
    [InlineData("127.0.0.1", "1.0.0.127.in-addr.arpa")]
    [InlineData("2001:db8::1", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa")]
    public void ServerName_OfAnAddress_IsItsReverseName(string address, string expected) =>
        TlsAlpnChallenge.ServerName(new AcmeIdentifier(AcmeIdentifier.Ip, address)).ShouldBe(expected);

    private static Func<HttpContext, Task>? Page(string kind, string proof) => kind switch
    {
        "wrong" => context => context.Response.WriteAsync(proof.Replace('.', '-')),
        "longer" => context => context.Response.WriteAsync(proof + "x"),
        "endless" => EndlessAsync,
        "file" => context => Redirect(context, "file:///etc/passwd"),
        "unreadable" => context => Redirect(context, "//x:99999/"),
        _ => null,
    };

    private static JsonElement ShouldBeInvalid(AcmeReply authorization, string type, string error)
    {
        authorization["status"].ShouldBe("invalid");
        var problem = authorization.Challenge(type).GetProperty("error");
        problem.GetProperty("type").GetString().ShouldBe("urn:ietf:params:acme:error:" + error);
        return problem;
    }

    /// <summary>Past the server's own writing, which has whole headers only.</summary>
    private static async Task TrickleHeadersAsync(HttpContext context)
    {
        var output = context.Features.Get<IConnectionTransportFeature>()!.Transport.Output;
        await output.WriteAsync("HTTP/1.1 200 OK\r\n"u8.ToArray(), context.RequestAborted);
        for (var i = 0; ; i++)
        {
            await output.WriteAsync(Encoding.ASCII.GetBytes($"X-{i}: x\r\n"), context.RequestAborted);
            await Task.Delay(20, context.RequestAborted);
        }
    }

    private static async Task TrickleBodyAsync(HttpContext context)
    {
        while (true)
        {
            await context.Response.WriteAsync("x", context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await Task.Delay(20, context.RequestAborted);
        }
    }

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
