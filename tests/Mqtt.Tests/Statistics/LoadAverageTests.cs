namespace IoTPlatform.Mqtt.Tests.Statistics;

public sealed class LoadAverageTests
{
    [Fact]
    public void Add_TheSameEachMinute_ComesNearThatRate_TheShorterWindowFirst()
    {
        var load = new LoadAverage();
        for (var i = 1; i <= 30; i++)
        {
            load.Add(i * 10, 1.0 / 6);
        }

        var averages = load.Averages.ToDictionary(window => window.Minutes, window => window.Average);
        averages.Keys.ShouldBe([1, 5, 15]);
        averages[1].ShouldBe(60, tolerance: 0.5);
        averages[5].ShouldBe(60 * (1 - Math.Exp(-1)), tolerance: 0.01);
        averages[15].ShouldBe(60 * (1 - Math.Exp(-1.0 / 3)), tolerance: 0.01);
    }
}
