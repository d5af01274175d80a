using System.Globalization;
using System.Net;
using IoTPlatform.Hosting;
using IoTPlatform.Testing;

namespace IoTPlatform.Identity.Tests.Accounts;

/// <summary>10,000 guesses, one a second, however they are spread: a few are looked at. By the limits themselves, which are asked before each password is.</summary>
public sealed class GuessingTests
{
    private const int Guesses = 10_000;
    private readonly FakeTime _time = new();
    private readonly LoginLimits _limits;

    public GuessingTests() => _limits = new LoginLimits(_time);

    // 10,000 s are eleven waits of a quarter of an hour, and the short ones before them.
    [Theory]
    [InlineData("one account, one address", 25)]
    [InlineData("one account, addresses of one /64", 25)]
    [InlineData("many accounts, one address", 45)]
    [InlineData("many accounts, addresses of one /64", 45)]
    [InlineData("one account, many addresses", 70)]
    [InlineData("one account, many /64", 70)]
    public void Guesses_HoweverTheyAreSpread_AreLookedAtAFewTimes(string spread, int most)
    {
        var looked = 0;
        for (var i = 0; i < Guesses; i++)
        {
            var name = spread.StartsWith("many", StringComparison.Ordinal) ? Invariant($"name-{i}") : "ann";
            looked += IsLookedAt(name, ClientAddress.Of(IPAddress.Parse(Address(spread, i)))) ? 1 : 0;
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        looked.ShouldBeInRange(5, most);
    }

    /// <summary>All at once: no wait is over meanwhile.</summary>
    [Theory]
    [InlineData("one account, one address", 5)]
    [InlineData("many accounts, one address", 25)]
    [InlineData("one account, many addresses", 50)]
    public void Guesses_AllAtOnce_AreLookedAtAsOftenAsTheFirstBurst(string spread, int burst) =>
        Enumerable.Range(0, Guesses).Count(i => IsLookedAt(
            spread.StartsWith("many", StringComparison.Ordinal) ? Invariant($"name-{i}") : "ann", ClientAddress.Of(IPAddress.Parse(Address(spread, i))))).ShouldBe(burst);

    /// <summary>An attack from everywhere does not lock the account's own person out.</summary>
    [Fact]
    public void Person_AtAnAddressThatTheAccountWasUsedFrom_IsLookedAtMeanwhile()
    {
        for (var i = 0; i < Guesses; i++)
        {
            IsLookedAt("ann", Address("one account, many addresses", i));
        }

        IsLookedAt("ann", "203.0.113.7").ShouldBeFalse();
        IsLookedAt("ann", "203.0.113.7", known: true).ShouldBeTrue();
    }

    /// <summary>The waits double up to a quarter of an hour, and a guess in between changes nothing.</summary>
    [Fact]
    public void Waits_Double()
    {
        var waits = new List<double>();
        for (var i = 0; i < 12; i++)
        {
            while (!IsLookedAt("ann", "192.0.2.1"))
            {
                _time.Advance(TimeSpan.FromSeconds(1));
            }

            waits.Add(Wait("ann", "192.0.2.1").TotalSeconds);
        }

        waits.ShouldBe([0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900, 900]);
    }

    private static string Address(string spread, int i) =>
        spread.EndsWith("addresses of one /64", StringComparison.Ordinal) ? Invariant($"2001:db8::{i / 65536 + 1:x}:{i % 65536:x}")
        : spread.EndsWith("many /64", StringComparison.Ordinal) ? Invariant($"2001:db8:{i:x}::1")
        : spread.EndsWith("many addresses", StringComparison.Ordinal) ? Invariant($"198.{18 + i / 65536}.{i / 256 % 256}.{i % 256}")
        : "192.0.2.1";

    private bool IsLookedAt(string name, string address, bool known = false)
    {
        try
        {
            _limits.ThrowIfWaiting(name, address);
            _limits.Reserve(name, address, known);
            return true;
        }
        catch (ProblemException e) when (e.Status == 429)
        {
            return false;
        }
    }

    private TimeSpan Wait(string name, string address)
    {
        try
        {
            _limits.ThrowIfWaiting(name, address);
            return TimeSpan.Zero;
        }
        catch (ProblemException e) when (e.Status == 429)
        {
            return e.RetryAfter!.Value;
        }
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
