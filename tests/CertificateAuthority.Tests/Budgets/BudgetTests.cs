using System.Net;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Budgets;
using IoTPlatform.CertificateAuthority.Tests.Templates;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Hosting;
using IoTPlatform.Identity;
using IoTPlatform.Testing;

namespace IoTPlatform.CertificateAuthority.Tests.Budgets;

/// <summary>What a provisioner, a credential, an address and a stack get, however many ask at once and in whichever process.</summary>
public sealed class BudgetTests : IAsyncLifetime
{
    private readonly FakeTime _time = new(LastHour());
    private readonly TemplateOwner _owner = new("limited");
    private CaHost _ca = null!;

    public async Task InitializeAsync() => _ca = await CaHost.StartAsync(time: _time);

    public async Task DisposeAsync()
    {
        _owner.Dispose();
        await _ca.DisposeAsync();
    }

    [SkippableFact]
    public async Task Hour_AskedForAtOnce_GivesThatManyAndNoMoreUntilTheNext()
    {
        await LimitAsync("""{"certificatesPerHour":5}""");
        var tokens = Enumerable.Range(0, 30).Select(n => Token($"{n}.test")).ToList();

        var replies = await Task.WhenAll(tokens.Select((token, n) => SignAsync($"{n}.test", token)));

        replies.Count(reply => reply.Status == HttpStatusCode.Created).ShouldBe(5);
        var refused = replies.Where(reply => reply.Status != HttpStatusCode.Created).ToList();
        refused.ShouldAllBe(reply => reply.Status == HttpStatusCode.TooManyRequests && reply.RetryAfter > TimeSpan.Zero && reply.RetryAfter <= TimeSpan.FromHours(1));
        refused[0].Body.ShouldContain("The provisioner limited has had as many certificates this hour as it may have");
        (await IssuedAsync()).ShouldBe(5);

        // Its token was not spent.
        _time.Advance(TimeSpan.FromHours(1));
        var later = replies.Index().First(reply => reply.Item.Status != HttpStatusCode.Created).Index;
        (await SignAsync($"{later}.test", Token($"{later}.test"))).Status.ShouldBe(HttpStatusCode.Created);
    }

    [SkippableFact]
    public async Task Refusal_SpendsNoToken()
    {
        await LimitAsync("""{"certificatesPerHour":1}""");
        (await SignAsync("a.test")).Status.ShouldBe(HttpStatusCode.Created);
        var token = Token("b.test");
        (await SignAsync("b.test", token)).Status.ShouldBe(HttpStatusCode.TooManyRequests);

        await LimitAsync("""{"certificatesPerHour":2}""");

        (await SignAsync("b.test", token)).Status.ShouldBe(HttpStatusCode.Created);
    }

    /// <summary>Two authorities on one database are two processes of a stack.</summary>
    [SkippableFact]
    public async Task Budget_OfTwoProcessesAndAfterARestart_IsOne()
    {
        await LimitAsync("""{"certificatesPerMonth":20}""");
        await using var other = await CertificateAuthorityModule.StartAsync(
            CaHost.DefaultOptions, _ca.Authority.Issuers, _ca.Database.DataSource, _ca.Folder, _ca.Passwords, _time, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance, default);
        var budgets = _ca.Module.Provisioners.Find("limited")!.Options.Limits.Of(_ca.Module.Provisioners.Find("limited")!);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 60).Select(async n =>
        {
            using var key = StepCaCalls.NewKey();
            var order = AuthorityTests.DeviceOrder($"device-{n}", key) with { Budgets = budgets };
            try
            {
                await (n % 2 == 0 ? _ca.Authority : other.Authority).IssueAsync(order, default);
                return "issued";
            }
            catch (ProblemException e)
            {
                return e.Code;
            }
        }));

        outcomes.Count(outcome => outcome == "issued").ShouldBe(20);
        outcomes.Count(outcome => outcome == "certificate_budget").ShouldBe(40);
        await using var restarted = await CertificateAuthorityModule.StartAsync(
            CaHost.DefaultOptions, _ca.Authority.Issuers, _ca.Database.DataSource, _ca.Folder, _ca.Passwords, _time, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance, default);
        using var last = StepCaCalls.NewKey();
        (await Should.ThrowAsync<ProblemException>(() => restarted.Authority.IssueAsync(AuthorityTests.DeviceOrder("last", last) with { Budgets = budgets }, default))).RetryAfter.ShouldBe(TimeSpan.FromHours(1), "the limit may be raised before the month is over");
    }

    /// <summary>A certificate that was not stored costs nothing, and an order that is repeated costs once.</summary>
    [SkippableFact]
    public async Task Count_IsOfWhatWasStored()
    {
        IssuanceBudget[] budgets = [IssuanceBudget.MonthOf("acme", 2)];
        using var key = StepCaCalls.NewKey();
        var order = AuthorityTests.DeviceOrder("once", key) with { Budgets = budgets, IdempotencyKey = "order-1" };
        var first = await _ca.Authority.IssueAsync(order, default);
        (await _ca.Authority.IssueAsync(order, default)).Serial.ShouldBe(first.Serial);
        var spent = new UsedToken(new byte[32], _time.GetUtcNow().AddHours(1));
        await _ca.Authority.SpendAsync(spent, default);
        (await Should.ThrowAsync<ProblemException>(() => _ca.Authority.IssueAsync(order with { IdempotencyKey = null, BurnToken = spent }, default))).Code.ShouldBe("token_used");

        (await _ca.Database.ScalarAsync<int>("SELECT issued FROM ca.issuance_counts WHERE scope = 'month:tenant/acme'")).ShouldBe(1);
        await _ca.Authority.IssueAsync(order with { IdempotencyKey = "order-2" }, default);
        (await Should.ThrowAsync<ProblemException>(() => _ca.Authority.IssueAsync(order with { IdempotencyKey = "order-3" }, default))).Message.ShouldStartWith("The tenant acme");
        // What was stored before is answered, whatever is used up.
        (await _ca.Authority.IssueAsync(order, default)).Serial.ShouldBe(first.Serial);
    }

    [SkippableFact]
    public async Task Credential_HasItsOwnAndTheOthersTheirs()
    {
        await LimitAsync("""{"perCredentialPerHour":1}""");

        (await SignAsync("a.test")).Status.ShouldBe(HttpStatusCode.Created);
        (await SignAsync("a.test")).Body.ShouldContain("The credential has had");
        (await SignAsync("b.test")).Status.ShouldBe(HttpStatusCode.Created);
    }

    [SkippableFact]
    public async Task Source_HasItsOwn()
    {
        await LimitAsync("""{"perSourcePerHour":2}""");

        (await SignAsync("a.test")).Status.ShouldBe(HttpStatusCode.Created);
        (await SignAsync("b.test")).Status.ShouldBe(HttpStatusCode.Created);
        (await SignAsync("c.test")).Body.ShouldContain("The address has had");
    }

    [SkippableFact]
    public async Task Renewals_CountForTheProvisioner()
    {
        await LimitAsync("""{"certificatesPerHour":2}""");
        using var key = StepCaCalls.NewKey();
        using var client = _ca.Client();
        using var issued = (await client.SignAsync(StepCaCalls.Csr(key, "a.test", "a.test"), Token("a.test"))).Certificate;
        using var holder = _ca.Client(System.Security.Cryptography.X509Certificates.ECDsaCertificateExtensions.CopyWithPrivateKey(issued, key));

        (await holder.SendAsync("/1.0/renew", "")).Status.ShouldBe(HttpStatusCode.Created);
        (await holder.SendAsync("/1.0/renew", "")).Status.ShouldBe(HttpStatusCode.TooManyRequests);
    }

    /// <summary>Who renews early and often uses up what there is for new ones, and darkens nobody.</summary>
    [SkippableFact]
    public async Task Renewal_ThatIsDue_CountsAndIsNotRefused()
    {
        await LimitAsync("""{"certificatesPerHour":1}""");
        using var key = StepCaCalls.NewKey();
        using var client = _ca.Client();
        using var issued = (await client.SignAsync(StepCaCalls.Csr(key, "a.test", "a.test"), Token("a.test"), ("notAfter", "20m"))).Certificate;
        using var holder = _ca.Client(System.Security.Cryptography.X509Certificates.ECDsaCertificateExtensions.CopyWithPrivateKey(issued, key));
        _time.Advance(TimeSpan.FromMinutes(8));
        (await holder.SendAsync("/1.0/renew", "")).Status.ShouldBe(HttpStatusCode.TooManyRequests);

        _time.Advance(TimeSpan.FromMinutes(4));

        var renewed = await holder.SendAsync("/1.0/renew", "");
        renewed.Status.ShouldBe(HttpStatusCode.Created, renewed.Body);
        (await SignAsync("b.test")).Status.ShouldBe(HttpStatusCode.TooManyRequests);
        (await _ca.Database.ScalarAsync<int>("SELECT issued FROM ca.issuance_counts WHERE scope = 'hour:provisioner/limited'")).ShouldBe(2);
    }

    /// <summary>It asks a second after another process began to count the next hour.</summary>
    [SkippableFact]
    public async Task Process_WhoseClockIsBehind_TakesNoCountBack()
    {
        var behind = new FakeTime(_time.GetUtcNow().AddHours(1).AddSeconds(-1));
        _time.Advance(TimeSpan.FromHours(1));
        await using var other = await CertificateAuthorityModule.StartAsync(
            CaHost.DefaultOptions, _ca.Authority.Issuers, _ca.Database.DataSource, _ca.Folder, _ca.Passwords, behind, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance, default);
        IssuanceBudget[] budgets = [new IssuanceBudget { Scope = "hour:provisioner/x", Span = IssuanceBudget.Hour, Most = 2 }];
        using var key = StepCaCalls.NewKey();
        await _ca.Authority.IssueAsync(AuthorityTests.DeviceOrder("first", key) with { Budgets = budgets }, default);
        await other.Authority.IssueAsync(AuthorityTests.DeviceOrder("second", key) with { Budgets = budgets }, default);

        (await Should.ThrowAsync<ProblemException>(() => other.Authority.IssueAsync(AuthorityTests.DeviceOrder("third", key) with { Budgets = budgets }, default))).Code.ShouldBe("certificate_budget");
        (await Should.ThrowAsync<ProblemException>(() => _ca.Authority.IssueAsync(AuthorityTests.DeviceOrder("third", key) with { Budgets = budgets }, default))).Code.ShouldBe("certificate_budget");
    }

    [SkippableFact]
    public async Task Endpoints_OfBeforeTheLimitWasSet_AreCountedWithIt()
    {
        await LimitAsync("{}");
        (await SignAsync("a.test")).Status.ShouldBe(HttpStatusCode.Created);
        (await SignAsync("b.test")).Status.ShouldBe(HttpStatusCode.Created);

        await LimitAsync("""{"endpoints":2}""");

        (await SignAsync("c.test")).Status.ShouldBe(HttpStatusCode.TooManyRequests);
    }

    [SkippableFact]
    public async Task Endpoint_ThatEnded_IsFree()
    {
        await LimitAsync("""{"endpoints":1}""");
        using var key = StepCaCalls.NewKey();
        using var client = _ca.Client();
        (await client.SignAsync(StepCaCalls.Csr(key, "a.test", "a.test"), Token("a.test"), ("notAfter", "20m"))).Status.ShouldBe(HttpStatusCode.Created);
        await CountAsync();
        (await SignAsync("b.test")).Status.ShouldBe(HttpStatusCode.TooManyRequests);

        _time.Advance(TimeSpan.FromMinutes(21));
        await CountAsync();

        (await SignAsync("b.test")).Status.ShouldBe(HttpStatusCode.Created);
    }

    /// <summary>A name that was revoked is one more when it comes back.</summary>
    [SkippableFact]
    public async Task Endpoint_ThatIsOrderedRevokedAndOrderedAgain_IsOneMore()
    {
        await LimitAsync("""{"endpoints":1}""", disableRenewal: true);
        using var certificate = (await SignAsync("a.test")).Certificate;
        await CountAsync();
        await _ca.Authority.RevokeAsync(new Revocation { Serial = certificate.SerialNumberBytes.ToArray(), By = "admin" }, default);
        await CountAsync();
        (await SignAsync("b.test")).Status.ShouldBe(HttpStatusCode.Created);

        (await SignAsync("a.test")).Status.ShouldBe(HttpStatusCode.TooManyRequests);
    }

    [SkippableFact]
    public async Task Endpoints_AskedForAtOnce_AreThatManyAndFreeWhenRevoked()
    {
        await LimitAsync("""{"endpoints":3}""");

        var replies = await Task.WhenAll(Enumerable.Range(0, 12).Select(n => SignAsync($"{n}.test")));

        replies.Count(reply => reply.Status == HttpStatusCode.Created).ShouldBe(3);
        replies.ShouldContain(reply => reply.Status == HttpStatusCode.TooManyRequests && reply.Body.Contains("as many active endpoints as it may have", StringComparison.Ordinal));
        await CountAsync();
        (await SignAsync("more.test")).Status.ShouldBe(HttpStatusCode.TooManyRequests);
        using var certificate = replies.First(reply => reply.Status == HttpStatusCode.Created).Certificate;
        await _ca.Authority.RevokeAsync(new Revocation { Serial = certificate.SerialNumberBytes.ToArray(), By = "admin" }, default);
        await CountAsync();
        (await SignAsync("more.test")).Status.ShouldBe(HttpStatusCode.Created);
        (await SignAsync("more-again.test")).Status.ShouldBe(HttpStatusCode.TooManyRequests);
    }

    /// <summary>Without renewals, the same names are the same endpoint: it goes on, however full the budget.</summary>
    [SkippableFact]
    public async Task Endpoint_ThatIsThereAlready_IsNoneMore()
    {
        await LimitAsync("""{"endpoints":1}""", disableRenewal: true);
        (await SignAsync("a.test")).Status.ShouldBe(HttpStatusCode.Created);
        await CountAsync();

        (await SignAsync("a.test")).Status.ShouldBe(HttpStatusCode.Created);
        await CountAsync();
        (await SignAsync("b.test")).Status.ShouldBe(HttpStatusCode.TooManyRequests);
    }

    [SkippableFact]
    public async Task Stack_HasABudgetOfDevicesAndTokensTogether()
    {
        await using var ca = await CaHost.StartAsync(CaHost.DefaultOptions with { Budget = new StackBudget { CertificatesPerMonth = 2 } });
        using var first = await ca.EnrollAsync("a.test");
        using var key = StepCaCalls.NewKey();
        await ca.Authority.IssueAsync(AuthorityTests.DeviceOrder("pump", key), default);
        using var client = ca.Client();

        (await client.SignAsync(StepCaCalls.Csr(key, "b.test", "b.test"), ca.Token("b.test"))).Body.ShouldContain("This authority has had as many certificates this month");
        using var viewer = ca.As("vera", Roles.Viewer);
        var budget = System.Text.Json.JsonSerializer.Deserialize((await viewer.ReadAsync("/portal/budgets")).Body, ContractsJson.Default.BudgetList)!.Items.ShouldHaveSingleItem();
        (budget.Provisioner, budget.Span, budget.Most, budget.Used).ShouldBe((null, "month", 2, 2));
        budget.ResetsAt!.Value.Day.ShouldBe(1);
    }

    [SkippableFact]
    public async Task Stack_HasABudgetOfActiveEndpoints()
    {
        var options = CaHost.DefaultOptions with { Budget = new StackBudget { Endpoints = 2 } };
        await using var ca = await CaHost.StartAsync(options);
        using var first = await ca.EnrollAsync("a.test");
        using var key = StepCaCalls.NewKey();
        await ca.Authority.IssueAsync(AuthorityTests.DeviceOrder("pump", key), default);
        await CountAsync(ca, options, TimeProvider.System);
        using var client = ca.Client();

        var refused = await client.SignAsync(StepCaCalls.Csr(key, "b.test", "b.test"), ca.Token("b.test"));

        refused.Status.ShouldBe(HttpStatusCode.TooManyRequests);
        refused.Body.ShouldContain("This authority has as many active endpoints as it may have");
        await ca.Authority.RevokeAsync(new Revocation { Serial = first.SerialNumberBytes.ToArray(), By = "admin" }, default);
        await CountAsync(ca, options, TimeProvider.System);
        using var second = await ca.EnrollAsync("b.test");
    }

    [SkippableFact]
    public async Task List_SaysHowFarTheyAreUsedUp()
    {
        await LimitAsync("""{"certificatesPerHour":5,"endpoints":7}""");
        await SignAsync("a.test");
        await CountAsync();
        using var viewer = _ca.As("vera", Roles.Viewer);

        var budgets = System.Text.Json.JsonSerializer.Deserialize((await viewer.ReadAsync("/portal/budgets")).Body, ContractsJson.Default.BudgetList)!.Items;

        budgets.Select(budget => (budget.Provisioner, budget.Span, budget.Most, budget.Used)).ShouldBe([("limited", "hour", 5, 1), ("limited", "endpoints", 7, 1)]);
        budgets[0].ResetsAt.ShouldBe(_time.GetUtcNow().AddHours(1));
        using var nobody = _ca.Client();
        (await nobody.ReadAsync("/portal/budgets")).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [SkippableTheory]
    [InlineData("""[]""")]
    [InlineData("""{"certificatesPerHour":0}""")]
    [InlineData("""{"certificatesPerHour":-1}""")]
    [InlineData("""{"certificatesPerHour":"5"}""")]
    [InlineData("""{"certificatesPerHour":1.5}""")]
    [InlineData("""{"certificatesPerHour":99999999999}""")]
    [InlineData("""{"certificatesPerYear":5}""")]
    public async Task Limits_ThatAreNotUnderstood_AreRefused(string limits) =>
        (await Should.ThrowAsync<ProblemException>(() => LimitAsync(limits))).Code.ShouldBe("invalid_provisioner");

    private Task LimitAsync(string limits, bool disableRenewal = false)
    {
        var definition = _owner.Definition(new JsonObject { ["limits"] = JsonNode.Parse(limits) });
        definition["claims"] = new JsonObject { ["disableRenewal"] = disableRenewal };
        return _owner.SaveAsync(_ca, definition);
    }

    private Task CountAsync() => CountAsync(_ca, CaHost.DefaultOptions, _time);

    /// <summary>As the upkeep does every minute.</summary>
    private static async Task CountAsync(CaHost ca, CertificateAuthorityOptions options, TimeProvider time)
    {
        var registry = ca.Module.Provisioners;
        await new CertificateAuthority.Inventory.InventoryStore(ca.Database.DataSource, () => CertificateAuthority.Inventory.InventoryStore.ByNames(registry), time).MapAsync(again: true, int.MaxValue, default);
        await new BudgetStore(ca.Database.DataSource, new EndpointTotals(ca.Database.DataSource, time), registry, options, time).CountEndpointsAsync(default);
    }

    // A whole hour with another after it on the same day, and none to come: clients judge certificates by the machine's clock.
    private static DateTimeOffset LastHour()
    {
        var now = TimeProvider.System.GetUtcNow();
        var today = new DateTimeOffset(now.Date, TimeSpan.Zero);
        return today.AddHours(Math.Min(now.Hour, 22));
    }

    private Task<long> IssuedAsync() => _ca.Database.ScalarAsync<long>("SELECT count(*) FROM ca.certificates WHERE provisioner = 'limited'");

    private string Token(string name)
    {
        var claims = _ca.Claims(name);
        claims["iss"] = _owner.Name;
        var now = _time.GetUtcNow().ToUnixTimeSeconds();
        (claims["iat"], claims["nbf"], claims["exp"]) = (now, now, now + 300);
        return _owner.Sign(claims);
    }

    private async Task<StepCaReply> SignAsync(string name, string? token = null)
    {
        using var key = StepCaCalls.NewKey();
        using var client = _ca.Client();
        return await client.SignAsync(StepCaCalls.Csr(key, name, name), token ?? Token(name));
    }
}
