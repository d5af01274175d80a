using System.Net;
using System.Net.Http.Json;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using IoTPlatform.CertificateAuthority.Events;
using IoTPlatform.CertificateAuthority.EventWebhooks;
using IoTPlatform.CertificateAuthority.Outbound;
using IoTPlatform.CertificateAuthority.Tests.Webhooks;
using IoTPlatform.CertificateAuthority.Webhooks;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Events;
using IoTPlatform.Events;
using IoTPlatform.Identity;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.Tests.EventWebhooks;

/// <summary>Destinations that are told events: honest, away, refusing and slow ones, and processes that end in between.</summary>
public sealed class EventWebhookTests : IAsyncLifetime
{
    private static readonly IPNetwork[] Loopback = [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128")];

    private readonly FakeTime _time = new(TimeProvider.System.GetUtcNow());
    private IServiceProvider _services = null!;
    private X509Certificate2 _certificate = null!;
    private CaHost _ca = null!;
    private WebhookServer _server = null!;
    private HttpClient _admin = null!;

    public async Task InitializeAsync()
    {
        _ca = await CaHost.StartAsync(
            CaHost.DefaultOptions with { Webhooks = new WebhookOptions { Networks = Loopback } }, _time,
            map: app =>
            {
                _services = ((IEndpointRouteBuilder)app).ServiceProvider;
                app.MapEventWebhooks();
            },
            services: services => services.AddSingleton<IEventMapper, CertificateEventMapper>().AddEventRelay<NoSubscribers>().AddEventWebhooks());
        // Tokens are of the machine's clock, and starting takes a while.
        _time.Advance(TimeProvider.System.GetUtcNow() - _time.GetUtcNow());
        _certificate = await _ca.EnrollAsync("localhost");
        _server = await ServerAsync();
        _server.Answer = (_, _) => Task.CompletedTask;
        _admin = _ca.As("ada", Roles.Admin);
    }

    public async Task DisposeAsync()
    {
        _admin.Dispose();
        await _server.DisposeAsync();
        _certificate.Dispose();
        await _ca.DisposeAsync();
    }

    [SkippableFact]
    public async Task Events_FromNowOn_AreToldInOrderAndSigned()
    {
        using (await _ca.EnrollAsync("before.test"))
        {
        }

        var secret = await AddAsync(types: [CertificateIssued.Name, CertificateRevoked.Name]);
        using var first = await _ca.EnrollAsync("first.test");
        using (var holder = _ca.Client(first))
        {
            (await holder.SendAsync("/1.0/renew", "")).Status.ShouldBe(HttpStatusCode.Created);
        }

        using var second = await _ca.EnrollAsync("second.test");
        await _ca.Authority.RevokeAsync(new Revocation { Serial = first.SerialNumberBytes.ToArray(), By = "admin" }, default);
        await UntilAsync(() => _server.Calls.Count >= 3);

        var calls = _server.Calls.ToList();
        calls.Select(call => (Json(call).GetProperty("type").GetString(), Json(call).GetProperty("certificate").GetProperty("subject").GetString()))
            .ShouldBe([("certificate.issued", "first.test"), ("certificate.issued", "second.test"), ("certificate.revoked", "first.test")]);
        foreach (var call in calls)
        {
            var (id, timestamp) = (call.Headers["webhook-id"], call.Headers["webhook-timestamp"]);
            Json(call).GetProperty("id").GetString().ShouldBe(id);
            DateTimeOffset.FromUnixTimeSeconds(long.Parse(timestamp, System.Globalization.CultureInfo.InvariantCulture)).ShouldBe(_time.GetUtcNow(), TimeSpan.FromMinutes(1));
            var signature = HMACSHA256.HashData(Convert.FromBase64String(secret["whsec_".Length..]), Encoding.UTF8.GetBytes($"{id}.{timestamp}.{Encoding.UTF8.GetString(call.Body)}"));
            call.Headers["webhook-signature"].ShouldBe("v1," + Convert.ToBase64String(signature));
            call.Headers["Content-Type"].ShouldBe("application/json");
            call.Client.ShouldBeNull();
        }

        await ForAWhileAsync();
        _server.Calls.Count.ShouldBe(3, "each once, as long as nothing fails");
    }

    [SkippableFact]
    public async Task Secret_IsShownOnceEncryptedAndAnotherForAnotherAddress()
    {
        var secret = await AddAsync();

        (await SaveAsync("hook", _server.Url.AbsoluteUri, [CertificateIssued.Name])).Secret.ShouldBeNull();
        (await SaveAsync("hook", _server.Url.AbsoluteUri + "2", [])).Secret.ShouldNotBeNull().ShouldNotBe(secret);

        var row = (await _ca.Database.ScalarAsync<string>("SELECT secret FROM ca.event_webhooks"))!;
        row.ShouldNotContain("whsec_");
        using var viewer = _ca.As("vera", Roles.Viewer);
        var shown = await viewer.ReadAsync("/portal/event-webhooks");
        shown.Status.ShouldBe(HttpStatusCode.OK);
        shown.Body.ShouldNotContain("whsec_");
        shown.Body.ShouldNotContain("secret");
        (await _ca.Database.ScalarAsync<string>("SELECT string_agg(details, ' ') FROM audit.entries WHERE action = 'event_webhook.saved'"))!.ShouldNotContain("whsec_");
        _ca.Logs.Text.ShouldNotContain("whsec_");
        (await viewer.PutAsJsonAsync("/portal/event-webhooks/mine", new { url = _server.Url })).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await viewer.PostAsync("/portal/event-webhooks/hook/test", null)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await viewer.DeleteAsync("/portal/event-webhooks/hook")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    /// <summary>A backup of the database alone signs nothing in this stack's name.</summary>
    [SkippableFact]
    public async Task Secret_OfAnotherDataFolder_TellsNothing()
    {
        await AddAsync();
        await _ca.Database.ExecuteAsync("UPDATE ca.event_webhooks SET secret = 'CfDJ8nonsense'");
        using var certificate = await _ca.EnrollAsync("a.test");
        await ForAWhileAsync();

        _server.Calls.ShouldBeEmpty();
        (await _admin.PostAsync("/portal/event-webhooks/hook/test", null)).StatusCode.ShouldBe(HttpStatusCode.Conflict);
    }

    [SkippableFact]
    public async Task Destination_ThatIsAway_IsTriedAgainWithTheSameIdEverMoreRarely()
    {
        _server.Answer = (call, context) =>
        {
            context.Response.StatusCode = call < 4 ? 503 : 204;
            return Task.CompletedTask;
        };
        await AddAsync();
        using var certificate = await _ca.EnrollAsync("a.test");
        var times = new List<DateTimeOffset>();
        for (var calls = 1; calls <= 4; calls++)
        {
            await UntilAsync(() => _server.Calls.Count >= calls);
            times.Add(_time.GetUtcNow());
        }

        _server.Calls.Select(call => call.Headers["webhook-id"]).Distinct().Count().ShouldBe(1);
        (times[3] - times[2]).ShouldBeGreaterThan(times[1] - times[0]);
        await UntilAsync(async () => (await WebhookAsync()) is { Attempts: 0, LastError: null, DeliveredAt: not null });
    }

    [SkippableFact]
    public async Task RetryAfter_IsWaitedFor()
    {
        _server.Answer = (call, context) =>
        {
            (context.Response.StatusCode, context.Response.Headers.RetryAfter) = (call == 1 ? 429 : 204, "600");
            return Task.CompletedTask;
        };
        await AddAsync();
        using var certificate = await _ca.EnrollAsync("a.test");
        await UntilAsync(async () => (await WebhookAsync()).Attempts == 1);

        (await WebhookAsync()).NextAttemptAt!.Value.ShouldBe(_time.GetUtcNow().AddMinutes(10), TimeSpan.FromMinutes(1));
    }

    [SkippableFact]
    public async Task Refusal_IsADeadLetterAndTheNextEventGoesOn()
    {
        var refuses = true;
        _server.Answer = (_, context) =>
        {
            context.Response.StatusCode = refuses && Encoding.UTF8.GetString(_server.Calls.Last().Body).Contains("poison.test", StringComparison.Ordinal) ? 400 : 200;
            return Task.CompletedTask;
        };
        await AddAsync();
        using var poison = await _ca.EnrollAsync("poison.test");
        using var good = await _ca.EnrollAsync("good.test");
        await UntilAsync(() => _server.Calls.Any(call => Subject(call) == "good.test"));

        _server.Calls.Count(call => Subject(call) == "poison.test").ShouldBe(EventDeliveries.MostRefusals);
        var letter = (await LettersAsync()).ShouldHaveSingleItem();
        (letter.Type, letter.Reason, letter.Due).ShouldBe(("certificate.issued", "it answered 400", false));
        letter.Event.GetProperty("certificate").GetProperty("subject").GetString().ShouldBe("poison.test");

        // Still refused: it stays. Then it is taken, under its id.
        (await RedeliverAsync()).ShouldBe(1);
        await UntilAsync(async () => _server.Calls.Count(call => Subject(call) == "poison.test") == 4 && (await LettersAsync()).Single() is { Due: false });
        refuses = false;
        (await RedeliverAsync(letter.EventId)).ShouldBe(1);
        await UntilAsync(async () => (await LettersAsync()).Count == 0);
        _server.Calls.Where(call => Subject(call) == "poison.test").Select(call => call.Headers["webhook-id"]).Distinct().ShouldBe([letter.EventId.ToString()]);
    }

    [SkippableFact]
    public async Task Destination_AwayForLong_HasADeadLetterAnHour()
    {
        _server.Answer = (_, context) =>
        {
            context.Response.StatusCode = 502;
            return Task.CompletedTask;
        };
        await AddAsync();
        var began = _time.GetUtcNow();
        using var first = await _ca.EnrollAsync("first.test");
        using var second = await _ca.EnrollAsync("second.test");
        await UntilAsync(async () => (await LettersAsync()).Count == 1, step: TimeSpan.FromMinutes(1));

        (_time.GetUtcNow() - began).ShouldBeGreaterThan(TimeSpan.FromHours(1));
        // The leaping clock may end a call before it has arrived.
        _server.Calls.Count(call => Subject(call) == "first.test").ShouldBeInRange(EventDeliveries.MostAttempts / 2, EventDeliveries.MostAttempts);
        (await LettersAsync()).Single().Event.GetProperty("certificate").GetProperty("subject").GetString().ShouldBe("first.test");
    }

    /// <summary>The destination has it, and the process ends before it knows.</summary>
    [SkippableFact]
    public async Task Process_ThatEndsBetweenDeliveryAndNote_IsFollowedByOneThatTellsItAgain()
    {
        var arrived = new TaskCompletionSource();
        _server.Answer = async (call, context) =>
        {
            if (call == 1)
            {
                arrived.SetResult();
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            }
        };
        await AddAsync();
        using var certificate = await _ca.EnrollAsync("a.test");
        await UntilAsync(() => arrived.Task.IsCompleted);
        using var next = new EventDeliveries(Service<EventWebhookStore>(), Service<EventDelivery>(), _ca.Database.DataSource, _time, NullLogger<EventDeliveries>.Instance);
        await next.StartAsync(default);

        await ForAWhileAsync(seconds: 5);
        _server.Calls.Count.ShouldBe(1, "one process delivers");
        await _services.GetServices<IHostedService>().OfType<EventDeliveries>().Single().StopAsync(default);
        await UntilAsync(() => _server.Calls.Count == 2);
        await ForAWhileAsync();
        await next.StopAsync(default);

        _server.Calls.Select(call => call.Headers["webhook-id"]).Distinct().Count().ShouldBe(1);
        _server.Calls.Count.ShouldBe(2);
    }

    [SkippableFact]
    public async Task Destination_ThatIsSlow_HoldsUpNoOther()
    {
        var release = new TaskCompletionSource();
        _server.Answer = (_, _) => release.Task;
        await using var other = await ServerAsync();
        await AddAsync("slow");
        await SaveAsync("other", other.Url.AbsoluteUri, []);
        using var certificate = await _ca.EnrollAsync("a.test");

        await UntilAsync(() => _server.Calls.Count == 1 && other.Calls.Count == 1);
        using var next = await _ca.EnrollAsync("b.test");
        await UntilAsync(() => other.Calls.Count == 2);

        _server.Calls.Count.ShouldBe(1);
        release.SetResult();
    }

    /// <summary>As a root of others may: its own CAs are the only ones that vouch for a destination below it.</summary>
    [SkippableFact]
    public async Task Destination_ThatTheRootItselfSigned_IsNotTold()
    {
        using var rootKey = ECDsa.Create();
        rootKey.ImportFromEncryptedPem(await File.ReadAllTextAsync(CaFiles.RootKey(_ca.Folder)), _ca.Passwords.Authority.Value);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA384);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(Pki.Oids.ServerAuth)], critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_ca.Root, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        var now = _time.GetUtcNow();
        using var signed = request.Create(_ca.Root.SubjectName, X509SignatureGenerator.CreateForECDsa(rootKey), now.AddMinutes(-1), now.AddHours(1), [1, 2, 3]);
        using var certificate = signed.CopyWithPrivateKey(key);
        await using var other = await WebhookServer.StartAsync(certificate);
        other.Answer = (_, _) => Task.CompletedTask;
        using var delivery = new EventDelivery(new OutboundConnections(new WebhookOptions { Networks = Loopback }, () => _ca.Authority.Issuers, _time), _time);

        async Task<DeliveryResult> SendAsync(WebhookServer server) =>
            (await delivery.SendAsync(new EventWebhook("hook", server.Url, [], new byte[32], 1, 0, 0), Guid.NewGuid(), "{}", default)).Result;

        (await SendAsync(other)).ShouldBe(DeliveryResult.Away);
        other.Calls.ShouldBeEmpty();
        (await SendAsync(_server)).ShouldBe(DeliveryResult.Delivered);
    }

    /// <summary>.NET quotes them in its message, and PostgreSQL stores no NUL.</summary>
    [SkippableFact]
    public async Task Destination_ThatAnswersControlCharacters_IsBackedOffFrom()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var chain = SslStreamCertificateContext.Create(_certificate, [.. _ca.Authority.Chain.Intermediates], offline: true);
        var calls = 0;
        var answering = Task.Run(async () =>
        {
            while (true)
            {
                using var connection = await listener.AcceptTcpClientAsync();
                await using var tls = new SslStream(connection.GetStream());
                await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificateContext = chain });
                _ = await tls.ReadAsync(new byte[64 * 1024]);
                await tls.WriteAsync("\0\e[2Jno status line\r\n\r\n"u8.ToArray());
                Interlocked.Increment(ref calls);
            }
        });
        await SaveAsync("hook", $"https://localhost:{((IPEndPoint)listener.LocalEndpoint).Port}/hook", []);
        using var certificate = await _ca.EnrollAsync("a.test");

        await UntilAsync(async () => await WebhookAsync() is { Attempts: >= 2, NextAttemptAt: not null });

        var error = (await WebhookAsync()).LastError.ShouldNotBeNull();
        error.ShouldContain("?");
        error.ShouldNotContain(character => char.IsControl(character));
        Volatile.Read(ref calls).ShouldBeLessThan(6);
        listener.Stop();
        await Should.ThrowAsync<Exception>(answering);
    }

    /// <summary>Whatever is wrong here is not tried, and logged, every second.</summary>
    [SkippableFact]
    public async Task Failure_OfThisHost_BacksOff()
    {
        await AddAsync();
        await _ca.Database.ExecuteAsync("ALTER TABLE ca.event_dead_letters RENAME TO away");

        await UntilAsync(async () => await _ca.Database.ScalarAsync<int>("SELECT attempts FROM ca.event_webhooks") >= 2);

        (await _ca.Database.ScalarAsync<string>("SELECT last_error FROM ca.event_webhooks")).ShouldBe("it could not be served; the log says why");
    }

    /// <summary>A token that ran out and a route that is missing for a moment are mended; what was put aside meanwhile would be lost to the receiver.</summary>
    [SkippableFact]
    public async Task Answer_IsARefusalOrMayPass()
    {
        var webhook = new EventWebhook("hook", _server.Url, [], new byte[32], 1, 0, 0);
        foreach (var (status, result) in new[] { 401, 403, 404, 408, 429, 500 }.Select(status => (status, DeliveryResult.Away)).Concat(new[] { 302, 400, 410, 413, 415, 422 }.Select(status => (status, DeliveryResult.Refused))))
        {
            _server.Answer = (_, context) =>
            {
                context.Response.StatusCode = status;
                return Task.CompletedTask;
            };

            (await Service<EventDelivery>().SendAsync(webhook, Guid.NewGuid(), "{}", default)).Result.ShouldBe(result, $"{status}");
        }
    }

    /// <summary>Path and query may be what lets one in; errors tell of this network.</summary>
    [SkippableFact]
    public async Task Viewer_SeesWhereButNotHow()
    {
        _server.Answer = (_, context) =>
        {
            context.Response.StatusCode = 400;
            return Task.CompletedTask;
        };
        var url = _server.Url.AbsoluteUri + "?token=t0ps3cret";
        await SaveAsync("hook", url, []);
        using var certificate = await _ca.EnrollAsync("a.test");
        await UntilAsync(async () => (await LettersAsync()).Count > 0);
        (await WebhookAsync()).ShouldSatisfyAllConditions(seen => seen.Url.ShouldBe(url), seen => seen.LastError.ShouldBe("it answered 400"));
        using var viewer = _ca.As("vera", Roles.Viewer);

        var list = (await viewer.ReadAsync("/portal/event-webhooks")).Body;
        var letters = (await viewer.ReadAsync("/portal/event-webhooks/hook/dead-letters")).Body;

        list.ShouldContain($"\"{_server.Url.GetLeftPart(UriPartial.Authority)}\"");
        list.ShouldNotContain("t0ps3cret");
        list.ShouldNotContain("it answered");
        letters.ShouldContain("a.test");
        letters.ShouldNotContain("it answered");
        (await _ca.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE details LIKE '%t0ps3cret%'")).ShouldBe(0);
    }

    [SkippableFact]
    public async Task Redirect_IsNotFollowed()
    {
        _server.Answer = (_, context) =>
        {
            (context.Response.StatusCode, context.Response.Headers.Location) = (307, "/elsewhere");
            return Task.CompletedTask;
        };
        await AddAsync();

        var test = JsonSerializer.Deserialize((await _admin.SendAsync("/portal/event-webhooks/hook/test", "")).Body, ContractsJson.Default.EventWebhookTest)!;

        (test.Delivered, test.Reason).ShouldBe((false, "it answered 307"));
        _server.Calls.ShouldHaveSingleItem().Path.ShouldBe("/hook");
    }

    [SkippableFact]
    public async Task Test_IsOneSignedEventThatIsNone()
    {
        await AddAsync();

        (await _admin.SendAsync("/portal/event-webhooks/hook/test", "")).Body.ShouldBe("""{"delivered":true}""");

        Json(_server.Calls.ShouldHaveSingleItem()).GetProperty("type").GetString().ShouldBe("webhook.test");
        (await WebhookAsync()).DeliveredAt.ShouldBeNull();
    }

    [SkippableTheory]
    [InlineData("localhost")]
    [InlineData("127.0.0.1")]
    [InlineData("[::1]")]
    [InlineData("[::ffff:127.0.0.1]")]
    [InlineData("0.0.0.0")]
    [InlineData("169.254.169.254")]
    [InlineData("[fd00:ec2::254]")]
    [InlineData("[fe80::1]")]
    [InlineData("2130706433")]
    public async Task Address_OfThisMachineOrACloudsMetadata_IsNotConnectedTo(string host)
    {
        using var delivery = new EventDelivery(new OutboundConnections(new WebhookOptions(), () => _ca.Authority.Issuers, _time), _time);
        var webhook = new EventWebhook("inside", new Uri($"https://{host}:{_server.Url.Port}/hook"), [], new byte[32], 1, 0, 0);

        var outcome = await delivery.SendAsync(webhook, Guid.NewGuid(), "{}", default);

        outcome.Result.ShouldBe(DeliveryResult.Away);
        outcome.Reason.ShouldNotBeNull().ShouldContain("does not connect to");
        _server.Calls.ShouldBeEmpty();
    }

    [SkippableTheory]
    [InlineData("hook", "http://example.test/hook", null)]
    [InlineData("hook", "https://user:password@example.test/hook", null)]
    [InlineData("hook", "https://example.test/hook#part", null)]
    [InlineData("hook", "file:///etc/passwd", null)]
    [InlineData("hook", "hook", null)]
    [InlineData("hook", "https://example.test/hook", "certificate.unknown")]
    [InlineData("a%20b", "https://example.test/hook", null)]
    public async Task Definition_ThatIsNotUnderstood_IsRefused(string name, string url, string? type) =>
        (await _admin.PutAsJsonAsync($"/portal/event-webhooks/{name}", new { url, types = type is null ? Array.Empty<string>() : [type] })).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);

    [SkippableFact]
    public async Task Destinations_AndDeadLetters_AreBounded()
    {
        for (var n = 0; n < EventWebhookStore.Most; n++)
        {
            await SaveAsync($"hook-{n}", "https://example.test/hook", [CertificateReleased.Name]);
        }

        (await _admin.PutAsJsonAsync("/portal/event-webhooks/more", new { url = "https://example.test/hook" })).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        await _ca.Database.ExecuteAsync(
            "INSERT INTO ca.event_dead_letters (webhook, event_id, type, body, reason, failed_at) SELECT 'hook-1', gen_random_uuid(), 'x', '{}', 'x', now() FROM generate_series(1, $1)", EventWebhookStore.MostDeadLetters);
        var store = Service<EventWebhookStore>();
        var webhook = await store.RequireAsync("hook-1", default);
        var happened = new CertificateReleased { Id = Guid.NewGuid(), OccurredAt = _time.GetUtcNow(), Sequence = webhook.Position + 1, By = "x", Certificate = new CertificateFacts { Serial = "01", Subject = "a", Profile = "leaf", Issuer = "x", NotBefore = default, NotAfter = default } };

        await store.BuryAsync(webhook, happened, EventDelivery.BodyOf(happened), "it answered 400", default);

        (await LettersAsync("hook-1")).Count.ShouldBe(EventWebhookStore.MostDeadLetters);
        (await LettersAsync("hook-1"))[0].EventId.ShouldBe(happened.Id);
        (await _admin.DeleteAsync("/portal/event-webhooks/hook-1")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await _ca.Database.ScalarAsync<long>("SELECT count(*) FROM ca.event_dead_letters")).ShouldBe(0);
        (await _admin.GetAsync("/portal/event-webhooks/hook-1/dead-letters")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    /// <summary>The one of now is another than the one that was being told.</summary>
    [SkippableFact]
    public async Task Destination_ChangedWhileItIsTold_IsNotMovedByWhatWasUnderWay()
    {
        await AddAsync();
        var store = Service<EventWebhookStore>();
        var read = await store.RequireAsync("hook", default);
        await SaveAsync("hook", _server.Url.AbsoluteUri + "2", [CertificateReleased.Name]);

        await store.AdvanceAsync(read, read.Position + 100, hasDelivered: true, default);
        await store.BackOffAsync(read, TimeSpan.FromHours(1), "x", default);

        (await store.RequireAsync("hook", default)).ShouldSatisfyAllConditions(now => now.Position.ShouldBe(read.Position), now => now.Attempts.ShouldBe(0));
    }

    [Fact]
    public void Backoff_Doubles_UpToFiveMinutes() =>
        Enumerable.Range(1, 20).Select(EventDeliveries.WaitAfter).ShouldBe([.. new[] { 2, 4, 8, 16, 32, 64, 128, 256 }.Concat(Enumerable.Repeat(300, 12)).Select(seconds => TimeSpan.FromSeconds(seconds))]);

    private static JsonElement Json(WebhookCall call) => JsonDocument.Parse(call.Body).RootElement;

    private static string? Subject(WebhookCall call) => Json(call).TryGetProperty("certificate", out var certificate) ? certificate.GetProperty("subject").GetString() : null;

    private T Service<T>()
        where T : notnull => _services.GetRequiredService<T>();

    private Task<WebhookServer> ServerAsync() => WebhookServer.StartAsync(_certificate, [.. _ca.Authority.Chain.Intermediates]);

    private async Task<string> AddAsync(string name = "hook", string[]? types = null) => (await SaveAsync(name, _server.Url.AbsoluteUri, types ?? [])).Secret.ShouldNotBeNull();

    private async Task<SavedEventWebhook> SaveAsync(string name, string url, string[] types)
    {
        using var response = await _admin.PutAsJsonAsync($"/portal/event-webhooks/{name}", new { url, types });
        response.StatusCode.ShouldBe(HttpStatusCode.OK, await response.Content.ReadAsStringAsync());
        return JsonSerializer.Deserialize(await response.Content.ReadAsStringAsync(), ContractsJson.Default.SavedEventWebhook)!;
    }

    private async Task<EventWebhookView> WebhookAsync() => JsonSerializer.Deserialize((await _admin.ReadAsync("/portal/event-webhooks")).Body, ContractsJson.Default.EventWebhookList)!.Items.Single();

    private async Task<IReadOnlyList<EventDeadLetterView>> LettersAsync(string name = "hook") =>
        JsonSerializer.Deserialize((await _admin.ReadAsync($"/portal/event-webhooks/{name}/dead-letters")).Body, ContractsJson.Default.EventDeadLetterList)!.Items;

    private async Task<int> RedeliverAsync(Guid? id = null) => JsonSerializer.Deserialize(
        (await _admin.SendAsync("/portal/event-webhooks/hook/dead-letters/redeliver", id is null ? "{}" : $$"""{"event_id":"{{id}}"}""")).Body, ContractsJson.Default.Redelivered)!.Events;

    private Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    /// <summary>The clock goes on, a step at a time, until it holds.</summary>
    private async Task UntilAsync(Func<Task<bool>> condition, TimeSpan? step = null)
    {
        for (var i = 0; i < 1500; i++)
        {
            if (await condition())
            {
                return;
            }

            _time.Advance(step ?? TimeSpan.FromSeconds(1));
            await Task.Delay(10);
        }

        throw new TimeoutException("It did not come to pass.");
    }

    /// <summary>Long enough for what would come if it were wrong.</summary>
    private async Task ForAWhileAsync(int seconds = 20)
    {
        for (var i = 0; i < seconds; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(10);
        }
    }
}
