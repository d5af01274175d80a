using System.Globalization;
using Bunit;
using IoTPlatform.Portal.Charts;
using IoTPlatform.Telemetry;

namespace IoTPlatform.Portal.Tests;

public sealed class CurveTests : IDisposable
{
    /// <summary>Of the chart's letters, in its own units: 12.5 px of its 480, a digit is narrower.</summary>
    private const int CharacterWidth = 7;

    private readonly BunitContext _context = new();

    public void Dispose() => _context.Dispose();

    [Theory]
    [InlineData(20, 21.5)]
    [InlineData(8_514_303, 8_514_304)]
    [InlineData(-25_165_187_840, 1_454_528)]
    public void Numbers_BesideTheCurve_AreWithinThePicture(double low, double high)
    {
        var now = new DateTimeOffset(2026, 11, 30, 1, 0, 0, TimeSpan.Zero);
        var curve = _context.Render<Curve>(parameters => parameters
            .Add(c => c.Of, new SeriesCurve("bytes", [new SeriesPoint(0, low, low, low), new SeriesPoint(239, high, high, high)]))
            .Add(c => c.From, now.AddHours(-1))
            .Add(c => c.Before, now));

        var numbers = curve.FindAll("text").Take(3).ToList();
        numbers.Count.ShouldBe(3);
        numbers.ShouldAllBe(number => int.Parse(number.GetAttribute("x")!, CultureInfo.InvariantCulture) - (CharacterWidth * number.TextContent.Length) >= 0);
        curve.Find("path").GetAttribute("d")!.ShouldStartWith("M");
    }
}
