"""The application on pyramid_sqlalchemy_sessions, with Pyramid, pyramid_tm and pyramid_retry.

What matters: the session is a row that is changed in the request's own SERIALIZABLE transaction; both commit or neither.
Two parallel changes of a session collide with 40001 at COMMIT and pyramid_retry runs the later one again, three attempts
in all and without a pause, after which the answer is 500. The idle timeout is 14 days. Reading extends it: by default
with a write in each second in which a session is read, here once a minute (`extension_delay`), as session-ledger does.
"""
import os
import time

import left_out  # noqa: F401 (before the library: it is a part of it)
import psycopg2
import zope.sqlalchemy
from pyramid.config import Configurator
from pyramid.response import Response
from pyramid_sqlalchemy_sessions import BaseMixin, IdleMixin, UseridMixin
from pyramid_sqlalchemy_sessions.model import UUID
from sqlalchemy import BigInteger, Column, DateTime, Identity, Text, Unicode, create_engine, func
from sqlalchemy.orm import declarative_base, sessionmaker

# The number for both processes together.
CONNECTIONS_MAX = 16
PROCESSES = 2

# A key in the source, as this is a benchmark; no application should have one.
SECRET_KEY = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='

# SQLAlchemy 1.4 wants this of types older than its cache of statements; without it, it compiles each anew.
UUID.cache_ok = True

Base = declarative_base()


class Session(UseridMixin, IdleMixin, BaseMixin, Base):
    __tablename__ = 'session'
    userid = Column(Unicode)


class Purchase(Base):
    __tablename__ = 'purchase'
    purchase_id = Column(BigInteger, Identity(always=True), primary_key=True)
    who = Column(Text, nullable=False)
    item = Column(Text, nullable=False)
    ordered_at = Column(DateTime(timezone=True), nullable=False, server_default=func.now())


def health(request):
    return Response()


def login(request):
    # The library's only way to a new id, which a login should have.
    request.session.invalidate()
    request.session.userid = request.GET['user']
    request.session['count'] = 0
    return Response(request.GET['user'])


def read(request):
    session = request.session
    if session.userid is None:
        return Response(status=401)
    return Response(f"{session.userid} {session['count']}")


def change(request):
    session = request.session
    if session.userid is None:
        return Response(status=401)
    count = session['count'] + 1
    work(request)
    session['count'] = count
    return Response(str(count))


def order(request):
    session = request.session
    if session.userid is None:
        return Response(status=401)
    count = session['count'] + 1
    request.dbsession.add(Purchase(who=session.userid, item='teapot'))
    request.dbsession.flush()
    work(request)
    session['count'] = count
    return Response(str(count))


def logout(request):
    request.session.invalidate()
    return Response()


def work(request):
    milliseconds = int(request.GET.get('ms', 0))
    if milliseconds > 0:
        time.sleep(milliseconds / 1000)


def dbsession(request):
    session = sessions()
    zope.sqlalchemy.register(session, transaction_manager=request.tm)
    return session


def connect():
    # The address in libpq's format, which SQLAlchemy does not read.
    return psycopg2.connect(os.environ['DATABASE_URL'])


engine = create_engine(
    'postgresql+psycopg2://',
    creator=connect,
    isolation_level='SERIALIZABLE',
    pool_size=CONNECTIONS_MAX // PROCESSES,
    max_overflow=0,
)
sessions = sessionmaker(engine)


def main():
    Base.metadata.create_all(engine)
    settings = {
        'retry.attempts': 3,
        'tm.annotate_user': False,
        'tm.manager_hook': 'pyramid_tm.explicit_manager',
        # Without a transaction and without a session.
        'tm.activate_hook': lambda request: request.path_info != '/health',
        'session.secret_key': SECRET_KEY,
        'session.model_class': Session,
        'session.cookie_secure': True,
        'session.idle_timeout': 14 * 24 * 3600,
        'session.extension_delay': 60,
    }
    with Configurator(settings=settings) as config:
        config.include('pyramid_retry')
        config.include('pyramid_tm')
        config.include('pyramid_sqlalchemy_sessions')
        config.add_request_method(dbsession, reify=True)
        for view, method in ((health, 'GET'), (login, 'POST'), (read, 'GET'), (change, 'POST'),
                             (order, 'POST'), (logout, 'POST')):
            config.add_route(view.__name__, '/' + view.__name__)
            config.add_view(view, route_name=view.__name__, request_method=method)
        return config.make_wsgi_app()


app = main()
