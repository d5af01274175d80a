namespace IoTPlatform.Mqtt;

/// <summary>Publishes a will after its delay, unless the client is back before (MQTT 5 section 3.1.3.2.2), or its session ends earlier.</summary>
internal sealed class Wills(TimeProvider time)
{
    public void Leave(Connection connection, Func<Task> publish)
    {
        var wish = TimeSpan.FromSeconds(connection.Connect!.WillDelayInterval);
        var delay = wish < connection.Session.Expiry ? wish : connection.Session.Expiry;
        _ = delay > TimeSpan.Zero ? PublishLaterAsync(connection.Session, delay, publish) : publish();
    }

    private async Task PublishLaterAsync(Session session, TimeSpan delay, Func<Task> publish)
    {
        var isOff = session.WillIsOffAsync();
        if (await Task.WhenAny(Task.Delay(delay, time), isOff) != isOff)
        {
            await publish();
        }
    }
}
