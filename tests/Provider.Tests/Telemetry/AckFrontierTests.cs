using IoTPlatform.RabbitMq.Amqp;

namespace IoTPlatform.Provider.Tests.Telemetry;

public sealed class AckFrontierTests
{
    [Fact]
    public void Done_OutOfOrder_MovesOnlyOverWhatIsComplete()
    {
        var frontier = new AckFrontier();

        Tags(2, 3).ShouldBe(0UL);
        Tags(1).ShouldBe(3UL);
        Tags(5).ShouldBe(3UL);
        Tags(4, 6).ShouldBe(6UL);

        ulong Tags(params ulong[] tags)
        {
            foreach (var tag in tags)
            {
                frontier.Done(tag);
            }

            return frontier.Tag;
        }
    }
}
