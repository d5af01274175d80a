using MQTTnet.Protocol;
using MQTTnet.Server;

namespace IoTPlatform.Mqtt;

/// <summary>SUBSCRIBE and UNSUBSCRIBE, kept in the <see cref="Session"/> and not in MQTTnet's server, which would look through all of them for each message.</summary>
internal static class Subscriptions
{
    /// <summary>What goes to clients has an identifier to be de-duplicated by: at least once is enough.</summary>
    private const MqttQualityOfServiceLevel Most = MqttQualityOfServiceLevel.AtLeastOnce;

    public static Task SubscribeAsync(InterceptingSubscriptionEventArgs args)
    {
        var connection = Connection.Of(args.SessionItems);
        args.ProcessSubscription = false;
        var code = Subscribe(connection, args.TopicFilter.Topic, connection.Wishes.Dequeue());
        // MQTT 3.1.1 has one failure code (section 3.9.3).
        args.Response.ReasonCode = code > MqttSubscribeReasonCode.UnspecifiedError && !connection.IsMqtt5 ? MqttSubscribeReasonCode.UnspecifiedError : code;
        return Task.CompletedTask;
    }

    public static Task UnsubscribeAsync(InterceptingUnsubscriptionEventArgs args)
    {
        args.ProcessUnsubscription = false;
        args.Response.ReasonCode = Connection.Of(args.SessionItems).Session.Unsubscribe(args.Topic) ? MqttUnsubscribeReasonCode.Success : MqttUnsubscribeReasonCode.NoSubscriptionExisted;
        return Task.CompletedTask;
    }

    private static MqttSubscribeReasonCode Subscribe(Connection connection, string filter, MqttQualityOfServiceLevel wish)
    {
        if (!TopicSyntax.IsFilter(filter))
        {
            return MqttSubscribeReasonCode.TopicFilterInvalid;
        }

        if (connection.Identity!.Access.Subscribable(filter) is null)
        {
            return MqttSubscribeReasonCode.NotAuthorized;
        }

        if (!connection.Session.Subscribe(filter, wish > MqttQualityOfServiceLevel.AtMostOnce))
        {
            return MqttSubscribeReasonCode.QuotaExceeded;
        }

        return (MqttSubscribeReasonCode)Math.Min((int)wish, (int)Most);
    }
}
